#include "reference/sync/service_news.h"

#include <gtest/gtest.h>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

class ServiceNewsTest : public testing::Test {
 protected:
  static middleware::Refused refused(std::string name, std::string why, bool kept = false) {
    middleware::Refused one;
    one.name = std::move(name);
    one.reason = std::move(why);
    one.kept = kept;
    return one;
  }

  FakeTarget target_;
  FakeAudit audit_;
  ServiceNews news_{audit_, target_, "the source"};
};

TEST_F(ServiceNewsTest, TellsACauseOnce) {
  for (int i = 0; i < 3; ++i) news_.tell({refused("guard", "unavailable")});
  ASSERT_EQ(audit_.events.size(), 1U);
  EXPECT_EQ(audit_.events[0].state, "degraded");
  EXPECT_EQ(audit_.events[0].status_detail, "guard: unavailable");
  EXPECT_EQ(member(audit_.events[0], "service_count"), "1");
}

TEST_F(ServiceNewsTest, TellsEachCauseOnceThoughTheyTakeTurns) {
  for (int i = 0; i < 5; ++i) {
    news_.tell({refused("guard", "unavailable")});
    news_.tell({refused("guard", "unsound")});
  }
  EXPECT_EQ(audit_.count("degraded"), 2);
}

TEST_F(ServiceNewsTest, ABoundedNumberOfCausesIsTold) {
  for (int i = 0; i < 1000; ++i) news_.tell({refused("guard", std::to_string(i))});
  EXPECT_EQ(audit_.count("degraded"), 8);
}

TEST_F(ServiceNewsTest, TellsOfAllWhereOneIsNews) {
  news_.tell({refused("guard", "unavailable")});
  news_.tell({refused("guard", "unavailable"), refused("second", "unsound")});
  ASSERT_EQ(audit_.count("degraded"), 2);
  EXPECT_EQ(audit_.last("degraded").status_detail, "guard: unavailable; second: unsound");
  news_.tell({refused("guard", "unavailable")});
  EXPECT_EQ(audit_.count("degraded"), 2);
}

TEST_F(ServiceNewsTest, TellsAgainOfWhoWasThereMeanwhile) {
  news_.tell({refused("guard", "unavailable")});
  news_.tell({});
  news_.tell({refused("guard", "unavailable")});
  EXPECT_EQ(audit_.count("degraded"), 2);
}

TEST_F(ServiceNewsTest, TellsAgainOfAnotherList) {
  news_.tell({refused("guard", "unavailable")});
  news_.begin_list();
  news_.tell({refused("guard", "unavailable")});
  EXPECT_EQ(audit_.count("degraded"), 2);
}

TEST_F(ServiceNewsTest, AServiceThatServesAsItWasIsAFailureAndNoDegradation) {
  news_.tell({refused("guard", "unavailable", true), refused("second", "unsound")});
  ASSERT_EQ(audit_.events.size(), 2U);
  EXPECT_EQ(audit_.last("degraded").status_detail, "second: unsound");
  const audit::Event& event = audit_.last("failed");
  EXPECT_EQ(event.status_detail, "guard: unavailable");
  EXPECT_EQ(member(event, "part"), "middleware");
  EXPECT_EQ(member(event, "error"), "registration_not_taken");
  EXPECT_EQ(member(event, "previous_policy_active"), "true");
}

}  // namespace
}  // namespace sallyport::sync
