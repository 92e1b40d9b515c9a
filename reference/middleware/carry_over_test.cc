#include "reference/middleware/carry_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/middleware/limits.h"
#include "reference/middleware/manifest.h"
#include "reference/middleware/testing/fake_stage.h"

namespace sallyport::middleware {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Registration registration(std::string name = "guard") {
  Registration made;
  made.name = std::move(name);
  made.endpoint = "http://guard.test:1";
  made.payload_bytes_max = 64 * kKiB;
  made.timeout = "2s";
  return made;
}

// What a service with a binding that asks for 1 s came to.
Implementation known(const Registration& from) {
  Implementation one;
  one.name = from.name;
  one.external = true;
  one.bindings.http = Binding{from.payload_bytes_max, seconds(1)};
  one.operator_timeout = parse_timeout(from.timeout).value_or(kTimeoutDefault);
  one.registration = from;
  one.stage = std::make_shared<testing::FakeStage>();
  return one;
}

Registry registry(const Registration& from) {
  std::map<std::string, Implementation, std::less<>> all = built_in_registry()->all();
  all.emplace(from.name, known(from));
  return Registry(std::move(all));
}

TEST(CarryOver, KeepsWhatIsUnchanged) {
  const Registry before = registry(registration());
  const CarriedOver over = carry_over({registration()}, &before, 1);
  ASSERT_NE(over.registry->find("guard"), nullptr);
  EXPECT_EQ(over.registry->find("guard")->stage, before.find("guard")->stage);
  EXPECT_TRUE(over.pending.empty());
  EXPECT_TRUE(over.refused.empty());
}

TEST(CarryOver, LetsGoAtOnceOfWhatIsRegisteredNoMore) {
  const Registry before = registry(registration());
  const CarriedOver over = carry_over({}, &before, 1);
  EXPECT_EQ(over.registry->find("guard"), nullptr);
  EXPECT_NE(over.registry->find("openshell/secrets"), nullptr);
}

TEST(CarryOver, AsksAboutWhatIsNewWhichServesNobodyUntilThen) {
  const CarriedOver over = carry_over({registration()}, nullptr, 1);
  EXPECT_EQ(over.registry->find("guard"), nullptr);
  ASSERT_EQ(over.pending.size(), 1U);
  EXPECT_EQ(over.pending[0], registration());
}

TEST(CarryOver, AChangedOneServesAsItWasUntilTheNewOneIsDescribed) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.endpoint = "http://elsewhere.test:1";
  const CarriedOver over = carry_over({changed}, &before, 1);
  ASSERT_NE(over.registry->find("guard"), nullptr);
  EXPECT_EQ(over.registry->find("guard")->stage, before.find("guard")->stage);
  EXPECT_EQ(over.registry->find("guard")->registration, registration());
  EXPECT_EQ(over.pending, std::vector<Registration>{changed});
}

TEST(CarryOver, TakesANameOfTheBuiltInsFromNobody) {
  Registration mine = registration("openshell/secrets");
  const auto before = built_in_registry();
  const CarriedOver over = carry_over({mine}, before.get(), 1);
  ASSERT_EQ(over.refused.size(), 1U);
  EXPECT_FALSE(over.refused[0].kept);
  EXPECT_FALSE(over.registry->find("openshell/secrets")->external);
}

TEST(CarryOver, TighterBoundsHoldAtOnceAndNobodyIsAsked) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.payload_bytes_max = kKiB;
  changed.timeout = "100ms";
  const CarriedOver over = carry_over({changed}, &before, 2);
  const Implementation& now = *over.registry->find("guard");
  EXPECT_TRUE(over.pending.empty());
  EXPECT_EQ(now.stage, before.find("guard")->stage);
  EXPECT_EQ(now.bindings.http->payload_bytes_max, kKiB);
  EXPECT_EQ(now.bindings.http->timeout, milliseconds(200));
  EXPECT_EQ(now.operator_timeout, milliseconds(200));
  EXPECT_EQ(now.registration, changed);
}

TEST(CarryOver, ATimeoutIsTightenedOnlyAsFarAsTheServiceDidntItself) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.timeout = "1500ms";
  const CarriedOver over = carry_over({changed}, &before, 1);
  EXPECT_EQ(over.registry->find("guard")->bindings.http->timeout, seconds(1));
  EXPECT_EQ(over.registry->find("guard")->operator_timeout, milliseconds(1500));
}

TEST(CarryOver, WiderBoundsWaitForTheService) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.payload_bytes_max *= 2;
  changed.timeout = "3s";
  const CarriedOver over = carry_over({changed}, &before, 1);
  EXPECT_EQ(over.registry->find("guard")->bindings.http->payload_bytes_max,
            registration().payload_bytes_max);
  EXPECT_EQ(over.registry->find("guard")->operator_timeout, seconds(2));
  EXPECT_EQ(over.pending, std::vector<Registration>{changed});
}

TEST(CarryOver, OfAChangedOneTheTighterBoundHoldsAtOnce) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.endpoint = "http://elsewhere.test:1";
  changed.payload_bytes_max = kKiB;
  changed.timeout = "3s";
  const CarriedOver over = carry_over({changed}, &before, 1);
  EXPECT_EQ(over.registry->find("guard")->bindings.http->payload_bytes_max, kKiB);
  EXPECT_EQ(over.registry->find("guard")->bindings.http->timeout, seconds(1));
  EXPECT_EQ(over.pending, std::vector<Registration>{changed});
}

TEST(CarryOver, AnIllegalChangeLeavesWhatWas) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.timeout = "soon";
  changed.payload_bytes_max = 1;
  const CarriedOver over = carry_over({changed}, &before, 1);
  EXPECT_TRUE(over.pending.empty());
  ASSERT_EQ(over.refused.size(), 1U);
  EXPECT_EQ(over.refused[0].again, Again::never);
  EXPECT_TRUE(over.refused[0].kept);
  EXPECT_EQ(over.registry->find("guard")->bindings.http->payload_bytes_max,
            registration().payload_bytes_max);
}

TEST(CarryOver, OfTwoWithOneNameNeitherIsTakenAndWhatWasServesOn) {
  const Registry before = registry(registration());
  const CarriedOver over = carry_over(
      {registration(), registration(), registration("new"), registration("new")}, &before, 1);
  EXPECT_TRUE(over.pending.empty());
  ASSERT_EQ(over.refused.size(), 4U);
  EXPECT_THAT(over.refused[0].reason, HasSubstr("duplicate"));
  EXPECT_TRUE(over.refused[0].kept);
  EXPECT_FALSE(over.refused[2].kept);
  EXPECT_NE(over.registry->find("guard"), nullptr);
  EXPECT_EQ(over.registry->find("new"), nullptr);
}

TEST(CarryOver, WhatWasPutBackIsInForceAgainWithoutAQuestion) {
  const Registry before = registry(registration());
  Registration changed = registration();
  changed.endpoint = "http://elsewhere.test:1";
  const CarriedOver away = carry_over({changed}, &before, 1);
  const CarriedOver back = carry_over({registration()}, away.registry.get(), 1);
  EXPECT_TRUE(back.pending.empty());
  EXPECT_EQ(back.registry->find("guard")->stage, before.find("guard")->stage);
}

}  // namespace
}  // namespace sallyport::middleware
