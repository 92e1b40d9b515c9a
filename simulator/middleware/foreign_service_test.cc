// Another program in the service's place, with scripts for it and for the probe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <functional>

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
constexpr const char* kSaysReady = "echo '{\"port\": 9000}' >&10\n";
constexpr const char* kRunsOn = "exec tail -f /dev/null\n";

struct Scene {
  net::testing::TestLoop loop;
  journal::Journal journal{loop.clock};
  std::unique_ptr<Service> service;

  [[nodiscard]] std::string start(int patience_ms = kPatienceMs) {
    const auto failure = loop.run(service->start(loop.in(patience_ms)));
    return failure ? failure->what : std::string();
  }
  [[nodiscard]] std::string kinds() const {
    std::string all;
    for (const journal::Event& event : journal.events()) all += event.kind + " ";
    return all;
  }
};

// Runs `act` on a service that is the script `program`, watched by the script `probe`.
std::string with(const std::string& program, const std::string& probe,
                 const std::function<std::string(Scene&)>& act) {
  const TemporaryFolder folder;
  const std::string binary = folder.path() + "/probe";
  std::ofstream(binary) << "#!/bin/bash\n" << probe;
  std::filesystem::permissions(binary, std::filesystem::perms::owner_all);
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    Scene scene;
    Surroundings around{scene.loop.executor(),
                        scene.loop.clock,
                        scene.loop.deadlines,
                        scene.journal,
                        {},
                        {},
                        {},
                        1.0,
                        {},
                        {}};
    around.binary = binary;
    around.folder = folder.path() + "/guard";
    ServiceSpec spec;
    spec.name = "guard";
    spec.listen = *net::Endpoint::parse("127.0.0.1:9000");
    spec.command = {"sh", "-c", program};
    spec.environment = {{"LEVEL", "high"}};
    scene.service = std::make_unique<Service>(std::move(spec), std::move(around));
    std::string said = act(scene);
    (void)scene.loop.run(scene.service->stop(scene.loop.in(kPatienceMs)));
    scene.service.reset();
    scene.loop.poll();
    return said;
  });
}

std::string start(const std::string& program, const std::string& probe, int patience_ms) {
  return with(program, probe, [&](Scene& scene) { return scene.start(patience_ms); });
}

TEST(ForeignService, IsReadyWhenTheProbeSaysSo) {
  EXPECT_EQ(with(kRunsOn, kSaysReady,
                 [](Scene& scene) {
                   std::string said = scene.start();
                   said += scene.service->ready() ? "ready " : "not ";
                   const bool ended = scene.loop.run(scene.service->stop(scene.loop.in(20'000)));
                   return said + (ended ? "ended " : "late ") +
                          (scene.service->crash() ? "crashed " : "well ") + scene.kinds();
                 }),
            "ready ended well ready exit ");
}

TEST(ForeignService, FindsItsEnvironmentAndAFolderOfItsOwn) {
  const std::string said = start("echo \"$LEVEL $HOME $TMPDIR\" >&2; exit 3", kRunsOn, kPatienceMs);
  EXPECT_THAT(said, HasSubstr("it ended before it was ready (exit 3): high /"));
  EXPECT_THAT(said, HasSubstr("/guard /"));
}

TEST(ForeignService, ThatIsNotThereIsToldByItsName) {
  EXPECT_THAT(start("exec /nowhere/guard", kRunsOn, kPatienceMs),
              HasSubstr("it ended before it was ready (exit 127)"));
}

TEST(ForeignService, ThatAnswersAnErrorIsEndedAndToldWithIt) {
  EXPECT_EQ(start(kRunsOn, "echo Describe was answered by an error >&2; exit 1", kPatienceMs),
            "it runs, but Describe was answered by an error\n");
}

TEST(ForeignService, ThatAnswersNothingIsEndedInTime) {
  EXPECT_EQ(start("echo warming up >&2; exec tail -f /dev/null", kRunsOn, 300),
            "it hadn't answered Describe in time: warming up\n");
}

TEST(ForeignService, ThatEndsUnaskedHasCrashedAndStartsAnew) {
  EXPECT_EQ(with(kRunsOn, kSaysReady,
                 [](Scene& scene) {
                   std::string said = scene.start();
                   scene.service->signal(SIGKILL);
                   while (scene.service->running()) scene.loop.poll();
                   said += scene.service->crash() ? "crashed " : "well ";
                   said += scene.start();
                   return said + (scene.service->ready() ? "ready" : "not");
                 }),
            "crashed ready");
}

TEST(ForeignService, TakesNoScriptAndLeavesNoFile) {
  EXPECT_EQ(with(kRunsOn, kSaysReady,
                 [](Scene& scene) {
                   std::string said = scene.start();
                   ServiceSpec other = scene.service->spec();
                   const base::TimePoint soon = scene.loop.in(kPatienceMs);
                   said += scene.loop.run(scene.service->apply(other, soon)) ? "taken " : "late ";
                   return said + (scene.service->files().empty() ? "none" : "some");
                 }),
            "taken none");
}

}  // namespace
}  // namespace sallyport::sim::middleware
