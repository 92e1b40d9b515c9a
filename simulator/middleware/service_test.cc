// How a service is started, with a script in its program's place.
#include "simulator/middleware/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::middleware {
namespace {

using ::testing::HasSubstr;
using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

constexpr int kPatienceMs = 20'000;

// What its start says when the service is this script.
std::string start(const std::string& script) {
  const TemporaryFolder folder;
  const std::string program = folder.path() + "/fake";
  std::ofstream(program) << "#!/bin/sh\n" << script;
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    net::testing::TestLoop loop;
    journal::Journal journal{loop.clock};
    Surroundings around{
        loop.executor(), loop.clock, loop.deadlines, journal, {}, {}, {}, 1.0, {}, {}};
    around.binary = program;
    around.folder = folder.path() + "/guard";
    ServiceSpec spec;
    spec.name = "guard";
    spec.listen = *net::Endpoint::parse("127.0.0.1:0");
    const auto service = std::make_unique<Service>(std::move(spec), std::move(around));
    const auto failure = loop.run(service->start(loop.in(kPatienceMs)));
    return failure ? failure->what : std::string();
  });
}

TEST(ServiceStart, SearchesForNoLeaksAtTheServicesEnd) {
  EXPECT_THAT(start("echo \"<$ASAN_OPTIONS>\" >&2; exit 3\n"),
              HasSubstr("(exit 3): <detect_leaks=0>"));
}

}  // namespace
}  // namespace sallyport::sim::middleware
