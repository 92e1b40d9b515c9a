#include "reference/middleware/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/middleware/built_ins.h"
#include "reference/middleware/testing/chain_rig.h"

namespace sallyport::middleware {
namespace {

using testing::ChainRig;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> faults_of(ChainRig& rig) {
  const Registry registry(rig.implementations);
  std::vector<std::string> texts;
  for (const ConfigFault& fault :
       rig.loop.run(validate_configs(rig.policy, registry, rig.loop.clock))) {
    texts.push_back(fault.config + ": " + fault.reason);
  }
  return texts;
}

TEST(Validation, AsksEveryEntrysImplementation) {
  ChainRig rig;
  const auto one = rig.stage("one");
  const auto two = rig.stage("two");
  rig.policy.network_middlewares[1].config_json = R"({"a":1,"b":2})";
  EXPECT_THAT(faults_of(rig), IsEmpty());
  EXPECT_THAT(one->validated, ElementsAre("svc/one 0"));
  EXPECT_THAT(two->validated, ElementsAre("svc/two 2"));
}

TEST(Validation, NamesWhoIsNotRegistered) {
  ChainRig rig;
  rig.entry("guard").implementation = "openshell/unknown";
  EXPECT_THAT(faults_of(rig),
              ElementsAre("guard: middleware 'openshell/unknown' is not registered"));
}

TEST(Validation, HandsOnARefusalSanitised) {
  ChainRig rig;
  rig.stage("guard")->refuse("terms are\nmissing <b>");
  rig.stage("other")->refuse("\n");
  EXPECT_THAT(faults_of(rig),
              ElementsAre("guard: terms aremissing b", "other: refused without a reason"));
}

TEST(Validation, RefusesALargeConfigBeforeAnyCall) {
  ChainRig rig;
  const auto stage = rig.stage("guard");
  rig.policy.network_middlewares[0].config_json = "{\"a\":\"" + std::string(65536, 'x') + "\"}";
  EXPECT_THAT(faults_of(rig), ElementsAre("guard: config is over 65536 bytes"));
  EXPECT_THAT(stage->validated, IsEmpty());
}

TEST(Validation, SaysWhenNobodyCouldBeAsked) {
  ChainRig rig;
  rpc::Status internal;
  internal.code = rpc::Code::internal;
  internal.message = "bro\tken";
  rig.stage("a")->fail_validation(internal);
  internal.code = rpc::Code::unavailable;
  rig.stage("b")->fail_validation(internal);
  EXPECT_THAT(faults_of(rig), ElementsAre("a: middleware ValidateConfig failed: broken",
                                          "b: middleware ValidateConfig failed: unavailable"));
}

TEST(Validation, WaitsForTheOperatorsTimeoutAndForAllAtOnce) {
  ChainRig rig;
  for (const char* key : {"a", "b", "c"}) {
    rig.stage(key)->hang(rig.loop.clock);
    rig.implementation(key).operator_timeout = std::chrono::milliseconds(20);
    rig.implementation(key).bindings.http->timeout = std::chrono::hours(1);
  }
  EXPECT_THAT(faults_of(rig),
              ElementsAre("a: middleware ValidateConfig failed: no answer in time",
                          "b: middleware ValidateConfig failed: no answer in time",
                          "c: middleware ValidateConfig failed: no answer in time"));
}

TEST(Validation, WritesOneLineAFaultAndNoneAfterTheLast) {
  EXPECT_EQ(to_text({{"guard", "why"}, {"other", "so"}}),
            "middleware config 'guard' is invalid: why\n"
            "middleware config 'other' is invalid: so");
  EXPECT_EQ(to_text({}), "");
}

}  // namespace
}  // namespace sallyport::middleware
