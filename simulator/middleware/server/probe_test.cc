// Another program in the service's place, asked by the real probe. The program is ours all the
// same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "reference/linux/links.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/middleware/service.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::middleware {
namespace {

using ::testing::HasSubstr;
using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

constexpr int kPatienceMs = 20'000;

// How it started: `ready`, or why not.
std::string start(const std::string& program, int patience_ms = kPatienceMs) {
  const TemporaryFolder folder;
  world::WorldPlan plan = plan_with(folder);
  plan.files.read_only.push_back(std::filesystem::path(SALLYPORT_MIDDLEWARE).parent_path());
  return in_world(plan, [&](world::WorldContext&) {
    auto links = linux::Links::open();
    if (!links || !links->set_up("lo", true)) return std::string("no loopback");
    net::testing::TestLoop loop;
    journal::Journal journal{loop.clock};
    Surroundings around{
        loop.executor(), loop.clock, loop.deadlines, journal, {}, {}, {}, 1.0, {}, {}};
    around.binary = SALLYPORT_MIDDLEWARE;
    around.folder = folder.path() + "/guard";
    ServiceSpec spec;
    spec.name = "guard";
    spec.listen = *net::Endpoint::parse("127.0.0.1:9000");
    spec.command = {"sh", "-c", program};
    auto service = std::make_unique<Service>(std::move(spec), std::move(around));
    const auto failure = loop.run(service->start(loop.in(patience_ms)));
    const std::string said = failure ? failure->what : service->ready() ? "ready" : "not ready";
    (void)loop.run(service->stop(loop.in(kPatienceMs)));
    service.reset();
    loop.poll();
    return said;
  });
}

TEST(Probe, SaysReadyOnceDescribeIsAnswered) {
  EXPECT_EQ(start("exec sallyport-middleware --listen 127.0.0.1:9000"), "ready");
}

TEST(Probe, KnocksUntilSomebodyListens) {
  // One that takes its time to get there.
  EXPECT_EQ(start("sallyport-middleware --version; sallyport-middleware --version; "
                  "exec sallyport-middleware --listen 127.0.0.1:9000"),
            "ready");
}

TEST(Probe, TellsAnErrorThatIsTheAnswer) {
  EXPECT_THAT(start("exec sallyport-middleware --listen 127.0.0.1:9000 "
                    "--control 'begin fault internal'"),
              HasSubstr("it runs, but Describe at 127.0.0.1:9000 was answered by an error (13)"));
}

TEST(Probe, IsNotTakenInByAnotherPort) {
  EXPECT_THAT(start("exec sallyport-middleware --listen 127.0.0.1:9001", 1500),
              HasSubstr("it hadn't answered Describe in time"));
}

}  // namespace
}  // namespace sallyport::sim::middleware
