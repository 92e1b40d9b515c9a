#include "reference/sync/reconciler.h"

#include <gtest/gtest.h>

#include "reference/net/task_group.h"
#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

using net::testing::TestLoop;

std::vector<middleware::Registration> list(const std::vector<std::string>& names) {
  std::vector<middleware::Registration> all;
  for (const std::string& name : names) {
    middleware::Registration one;
    one.name = name;
    one.endpoint = "http://" + name + ":1";
    all.push_back(std::move(one));
  }
  return all;
}

net::Task<void> take_into(Reconciler& of, std::vector<middleware::Registration> wanted,
                          bool& result, bool& ended) {
  result = co_await of.take(std::move(wanted));
  ended = true;
}

class ReconcilerTest : public testing::Test {
 protected:
  ReconcilerTest() {
    pause.first = std::chrono::milliseconds(2);
    pause.longest = std::chrono::milliseconds(8);
  }
  ~ReconcilerTest() override {
    group.force();
    t.poll();
  }
  void make() {
    reconciler.emplace(t.executor(), t.deadlines, services.builder(), pause);
    group.spawn(reconciler->run([this] {
      ++changes;
      changed = changes >= wanted_changes;
    }));
    t.poll();
  }
  bool take(const std::vector<std::string>& names) { return t.run(reconciler->take(list(names))); }
  [[nodiscard]] bool knows(std::string_view name) const {
    return reconciler->registry() && reconciler->registry()->find(name) != nullptr;
  }

  TestLoop t;
  base::StderrLog log{base::LogLevel::error};
  FakeServices services{t.executor()};
  Pause pause;
  std::optional<Reconciler> reconciler;
  net::TaskGroup group{t.executor(), log};
  int changes = 0;
  int wanted_changes = 1;
  bool changed = false;
};

TEST_F(ReconcilerTest, KnowsNothingAndAsksNobodyWithoutAList) {
  make();
  EXPECT_EQ(reconciler->registry(), nullptr);
  EXPECT_TRUE(reconciler->stands_for({}));
  EXPECT_EQ(services.builds, 0);
}

TEST_F(ReconcilerTest, TakesAListBeforeItReturns) {
  make();
  EXPECT_TRUE(take({"guard", "second"}));
  EXPECT_TRUE(knows("guard"));
  EXPECT_TRUE(reconciler->stands_for(list({"guard", "second"})));
  EXPECT_FALSE(reconciler->stands_for(list({"guard"})));
  EXPECT_EQ(changes, 0);
}

TEST_F(ReconcilerTest, OneServiceThatIsntThereKeepsNoOtherOut) {
  services.absent["guard"] = "refused";
  make();
  EXPECT_TRUE(take({"guard", "second"}));
  EXPECT_FALSE(knows("guard"));
  EXPECT_TRUE(knows("second"));
  ASSERT_EQ(reconciler->refused().size(), 1U);
  EXPECT_EQ(reconciler->refused()[0].name, "guard");
}

TEST_F(ReconcilerTest, AsksAgainUntilTheServiceIsThere) {
  services.absent["guard"] = "refused";
  make();
  EXPECT_TRUE(take({"guard"}));
  while (services.builds < 4) t.loop.context().run_one();
  EXPECT_EQ(changes, 0);  // nothing came or went
  services.absent.clear();
  t.run_until(changed);
  EXPECT_TRUE(knows("guard"));
  const int builds = services.builds;
  t.poll();
  EXPECT_EQ(services.builds, builds);
}

TEST_F(ReconcilerTest, ConnectsToAnExpectedListByItself) {
  make();
  reconciler->expect(list({"guard"}));
  t.run_until(changed);
  EXPECT_TRUE(knows("guard"));
}

TEST_F(ReconcilerTest, TellsOnceThatAnExpectedServiceIsntThere) {
  services.absent["guard"] = "refused";
  make();
  reconciler->expect(list({"guard"}));
  while (services.builds < 5) t.loop.context().run_one();
  EXPECT_EQ(changes, 1);
}

TEST_F(ReconcilerTest, AListThatComesMeanwhileWins) {
  services.held = true;
  make();
  bool first = true;
  bool done = false;
  t.spawn(take_into(*reconciler, list({"guard"}), first, done));
  t.poll();
  reconciler->expect(list({"second"}));
  services.let_go();
  t.run_until(done);
  t.run_until(changed);
  EXPECT_FALSE(first);
  EXPECT_FALSE(knows("guard"));
  EXPECT_TRUE(knows("second"));
}

}  // namespace
}  // namespace sallyport::sync
