#include "reference/sync/reconciler.h"

#include <gtest/gtest.h>

#include "reference/net/task_group.h"
#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

using net::testing::TestLoop;
using std::chrono::milliseconds;

middleware::Registration registration(const std::string& name, int port = 1) {
  middleware::Registration one;
  one.name = name;
  one.endpoint = "http://" + name + ":" + std::to_string(port);
  one.payload_bytes_max = 1024;
  return one;
}

std::vector<middleware::Registration> list(const std::vector<std::string>& names) {
  std::vector<middleware::Registration> all;
  for (const std::string& name : names) all.push_back(registration(name));
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
    times.pause = milliseconds(2);
    times.pause_max = milliseconds(8);
    times.patience = std::chrono::hours(1);
  }
  ~ReconcilerTest() override {
    group.force();
    t.poll();
  }
  void make() {
    reconciler.emplace(t.executor(), t.deadlines, log, services.builder(), times);
    group.spawn(reconciler->run([this] {
      ++changes;
      changed = changes >= wanted_changes;
    }));
    t.poll();
  }
  bool take(const std::vector<std::string>& names) { return t.run(reconciler->take(list(names))); }
  void until_asked(int builds) {
    while (services.builds < builds) t.loop.context().run_one();
  }
  [[nodiscard]] const middleware::Implementation* find(std::string_view name) const {
    return reconciler->registry() ? reconciler->registry()->find(name) : nullptr;
  }
  [[nodiscard]] bool knows(std::string_view name) const { return find(name) != nullptr; }

  TestLoop t;
  base::StderrLog log{base::LogLevel::error};
  FakeServices services{t.executor()};
  ServiceTimes times;
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
  EXPECT_EQ(changes, 0);
}

TEST_F(ReconcilerTest, TakesAListBeforeItReturns) {
  make();
  EXPECT_TRUE(take({"guard", "second"}));
  EXPECT_TRUE(knows("guard"));
  EXPECT_TRUE(knows("second"));
  EXPECT_TRUE(reconciler->stands_for(list({"guard", "second"})));
  EXPECT_FALSE(reconciler->stands_for(list({"guard"})));
  t.poll();
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
  until_asked(4);
  EXPECT_EQ(changes, 0);  // nothing came or went
  services.absent.clear();
  t.run_until(changed);
  EXPECT_TRUE(knows("guard"));
  EXPECT_TRUE(reconciler->refused().empty());
  const int builds = services.builds;
  t.poll();
  EXPECT_EQ(services.builds, builds);
}

TEST_F(ReconcilerTest, ConnectsToAnExpectedListByItselfAndTellsOnce) {
  make();
  reconciler->expect(list({"guard", "second", "third"}));
  t.run_until(changed);
  t.poll();
  EXPECT_TRUE(knows("guard"));
  EXPECT_TRUE(knows("third"));
  EXPECT_EQ(changes, 1);
}

TEST_F(ReconcilerTest, TellsOnceThatAnExpectedServiceIsntThere) {
  services.absent["guard"] = "refused";
  make();
  reconciler->expect(list({"guard"}));
  until_asked(5);
  EXPECT_EQ(changes, 1);
}

TEST_F(ReconcilerTest, TellsWhenTheReasonIsAnotherOne) {
  services.absent["guard"] = "refused";
  make();
  reconciler->expect(list({"guard"}));
  until_asked(3);
  services.absent["guard"] = "unsound";
  until_asked(7);
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(reconciler->refused()[0].reason, "unsound");
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

TEST_F(ReconcilerTest, WaitsForASilentServiceNoLongerThanItsPatience) {
  times.patience = milliseconds(5);
  services.silent = {"mute"};
  make();
  EXPECT_TRUE(take({"mute", "guard"}));
  EXPECT_TRUE(knows("guard"));
  EXPECT_FALSE(knows("mute"));
  ASSERT_EQ(reconciler->refused().size(), 1U);
  EXPECT_EQ(reconciler->refused()[0].reason,
            "middleware registration 'mute' hasn't described itself yet");
  services.let_go();
  t.run_until(changed);
  EXPECT_TRUE(knows("mute"));
}

TEST_F(ReconcilerTest, ASilentServiceKeepsNobodyElseFromBeingNoticed) {
  times.patience = milliseconds(5);
  services.silent = {"mute"};
  services.absent["guard"] = "refused";
  make();
  EXPECT_TRUE(take({"mute", "guard"}));
  services.absent.clear();
  t.run_until(changed);
  EXPECT_TRUE(knows("guard"));
  EXPECT_FALSE(knows("mute"));
}

TEST_F(ReconcilerTest, WaitsForNobodyWhereNobodyNeedsToBeAsked) {
  make();
  EXPECT_TRUE(take({"guard", "second"}));
  services.held = true;
  EXPECT_TRUE(take({"guard"}));
  EXPECT_TRUE(knows("guard"));
  EXPECT_FALSE(knows("second"));
  EXPECT_EQ(services.builds, 2);
}

TEST_F(ReconcilerTest, AChangedServiceServesAsItWasUntilTheNewOneAnswers) {
  make();
  EXPECT_TRUE(take({"guard"}));
  services.absent["guard"] = "refused";
  const std::vector<middleware::Registration> elsewhere{registration("guard", 2)};
  EXPECT_TRUE(t.run(reconciler->take(elsewhere)));
  ASSERT_TRUE(knows("guard"));
  EXPECT_EQ(find("guard")->registration, registration("guard", 1));
  ASSERT_EQ(reconciler->refused().size(), 1U);
  EXPECT_TRUE(reconciler->refused()[0].kept);
  services.absent.clear();
  t.run_until(changed);
  EXPECT_EQ(find("guard")->registration, registration("guard", 2));
  EXPECT_TRUE(reconciler->refused().empty());
}

TEST_F(ReconcilerTest, AnotherListEndsWhatIsAskedAboutTheOneBefore) {
  services.silent = {"guard"};
  make();
  reconciler->expect({registration("guard", 1)});
  t.poll();
  reconciler->expect({registration("guard", 2)});
  t.poll();
  services.let_go();
  t.run_until(changed);
  EXPECT_EQ(find("guard")->registration, registration("guard", 2));
  EXPECT_EQ(services.builds, 2);
}

TEST_F(ReconcilerTest, AsksNobodyAboutARegistrationThatIsIllegal) {
  make();
  middleware::Registration illegal = registration("guard");
  illegal.timeout = "soon";
  reconciler->expect({illegal});
  t.run_until(changed);
  EXPECT_EQ(services.builds, 0);
  EXPECT_EQ(reconciler->refused().size(), 1U);
}

TEST_F(ReconcilerTest, AsksAnUnsoundServiceMoreAndMoreRarely) {
  times.pause_max = std::chrono::hours(1);
  services.absent = {{"unsound", "advertises nothing"}};
  services.again = middleware::Again::slowly;
  make();
  reconciler->expect(list({"unsound"}));
  until_asked(4);
  const base::TimePoint fourth = t.clock.now();
  until_asked(5);
  EXPECT_GE(t.clock.now() - fourth, 2 * 2 * 2 * 2 * times.pause);
}

TEST_F(ReconcilerTest, ItsEndEndsWhatIsAsked) {
  services.silent = {"mute"};
  services.absent["guard"] = "refused";
  make();
  reconciler->expect(list({"mute", "guard"}));
  until_asked(4);
  group.force();
  t.poll();
  const int builds = services.builds;
  services.let_go();
  t.loop.context().run_for(milliseconds(20));
  EXPECT_EQ(services.builds, builds);
}

}  // namespace
}  // namespace sallyport::sync
