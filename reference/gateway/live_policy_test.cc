#include "reference/gateway/live_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/gateway/admission.h"
#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using openshell::sandbox::v1::SandboxPolicy;
using rpc::Code;
using testing::HasSubstr;

SandboxPolicy authored_policy() {
  SandboxPolicy policy;
  policy.set_version(1);
  policy.mutable_filesystem()->set_include_workdir(true);
  policy.mutable_filesystem()->add_read_only("/usr");
  policy.mutable_filesystem()->add_read_only("/proc");
  auto& rule = (*policy.mutable_network_policies())["web"];
  auto& endpoint = *rule.add_endpoints();
  endpoint.set_host("a.test");
  endpoint.set_port(443);
  rule.add_binaries()->set_path("/**");
  return policy;
}

SandboxPolicy enriched_policy() {
  SandboxPolicy policy = authored_policy();
  policy.mutable_filesystem()->add_read_only("/etc");
  policy.mutable_filesystem()->add_read_write("/tmp");
  return policy;
}

PolicyRecord authored() {
  PolicyRecord record = record_of(authored_policy());
  record.version = 4;
  return record;
}

Code code_of(const SandboxPolicy& reported) {
  const auto effective = effective_of(reported, authored());
  return effective ? Code::ok : effective.error().code;
}

// `sb` under its own policy, `other` under the global one, which is the same document.
State state(bool live) {
  State state = used_state();
  state.policy = authored();
  state.sandboxes.at("sb").policy = authored();
  state.sandboxes.emplace("other", sandbox("other"));
  if (live) {
    for (auto& [id, one] : state.sandboxes)
      one.report = PolicyReport{4, authored().hash, true, {}, 1};
  }
  return state;
}

std::string live(const State& state, const std::string& name, const SandboxPolicy& next) {
  return live_fault(state, name, record_of(next)).value_or("accepted");
}

TEST(EffectivePolicy, IsThePolicyInForceWithMorePaths) {
  const auto effective = effective_of(enriched_policy(), authored());
  ASSERT_TRUE(effective) << effective.error().message;
  EXPECT_EQ(effective->version, 4U);
  EXPECT_EQ(effective->hash, record_of(enriched_policy()).hash);
  EXPECT_EQ(code_of(authored_policy()), Code::ok);
}

TEST(EffectivePolicy, HasWhatIsStatedByDefaultAndWhatIsLeftOutForOne) {
  EXPECT_EQ(code_of(message_of(record_of(enriched_policy()))), Code::ok);
}

TEST(EffectivePolicy, LosesTheEntriesThatWereMadeOfProviders) {
  SandboxPolicy reported = enriched_policy();
  (*reported.mutable_network_policies())["_provider_main"] = reported.network_policies().at("web");
  const auto effective = effective_of(reported, authored());
  ASSERT_TRUE(effective) << effective.error().message;
  EXPECT_EQ(effective->hash, record_of(enriched_policy()).hash);
}

TEST(EffectivePolicy, IsNoneOfAnotherPolicy) {
  SandboxPolicy more = enriched_policy();
  more.mutable_network_policies()->at("web").mutable_endpoints(0)->set_host("**.test.example");
  EXPECT_EQ(code_of(more), Code::aborted);
  SandboxPolicy less = enriched_policy();
  less.clear_network_policies();
  EXPECT_EQ(code_of(less), Code::aborted);
}

TEST(EffectivePolicy, TakesNothingAway) {
  SandboxPolicy fewer = enriched_policy();
  fewer.mutable_filesystem()->clear_read_only();
  EXPECT_EQ(code_of(fewer), Code::invalid_argument);
  SandboxPolicy root = enriched_policy();
  root.mutable_process()->set_run_as_user("root");
  EXPECT_EQ(code_of(root), Code::invalid_argument);
}

TEST(EffectivePolicy, MayMakeProcWritable) {
  SandboxPolicy gpu = authored_policy();
  gpu.mutable_filesystem()->clear_read_only();
  gpu.mutable_filesystem()->add_read_only("/usr");
  gpu.mutable_filesystem()->add_read_write("/proc");
  EXPECT_EQ(code_of(gpu), Code::ok);
}

TEST(EffectivePolicy, IsOneThatASupervisorCouldLoad) {
  SandboxPolicy broken = enriched_policy();
  broken.mutable_filesystem()->add_read_only("relative");
  EXPECT_EQ(code_of(broken), Code::invalid_argument);
}

TEST(LivePolicy, MayChangeInAnyWayBeforeASupervisorHasSpoken) {
  EXPECT_EQ(live(state(false), "sb", SandboxPolicy{}), "accepted");
}

TEST(LivePolicy, TakesMorePathsAndAnotherNetwork) {
  SandboxPolicy next = enriched_policy();
  next.clear_network_policies();
  EXPECT_EQ(live(state(true), "sb", next), "accepted");
  EXPECT_EQ(live(state(true), "", next), "accepted");
}

TEST(LivePolicy, RefusesWhatHoldsForASandboxesLifeAndSaysWhich) {
  SandboxPolicy next = authored_policy();
  next.mutable_filesystem()->clear_read_only();
  next.mutable_filesystem()->add_read_only("/proc");
  EXPECT_THAT(live(state(true), "sb", next), HasSubstr("/usr"));
  next = authored_policy();
  next.mutable_filesystem()->set_include_workdir(false);
  EXPECT_THAT(live(state(true), "name-of-sb", next), HasSubstr("include_workdir"));
  next = authored_policy();
  next.clear_filesystem();
  EXPECT_THAT(live(state(true), "sb", next), HasSubstr("filesystem_policy"));
  next = authored_policy();
  next.mutable_landlock()->set_compatibility("hard_requirement");
  EXPECT_THAT(live(state(true), "sb", next), HasSubstr("landlock"));
  next = authored_policy();
  next.mutable_process()->set_run_as_user("1000");
  EXPECT_THAT(live(state(true), "sb", next), HasSubstr("sandbox 'name-of-sb' is live"));
}

TEST(LivePolicy, HoldsTheGlobalOneToTheSandboxesThatItIsInForceFor) {
  SandboxPolicy next = authored_policy();
  next.clear_filesystem();
  EXPECT_THAT(live(state(true), "", next), HasSubstr("sandbox 'name-of-other'"));
  State own = state(true);
  own.sandboxes.erase("other");
  EXPECT_EQ(live(own, "", next), "accepted");
}

TEST(LivePolicy, ComparesWhatIsAuthoredAndNotWhatASupervisorAdded) {
  State enriched = state(false);
  enriched.sandboxes.at("sb").effective = record_of(enriched_policy());
  enriched.sandboxes.at("sb").effective_of = authored().hash;
  EXPECT_TRUE(enriched.sandboxes.at("sb").is_live());
  EXPECT_EQ(live(enriched, "sb", authored_policy()), "accepted");
}

}  // namespace
}  // namespace sallyport::gateway
