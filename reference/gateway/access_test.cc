#include "reference/gateway/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kOperator = "operator-token-0123456789abcdefg";
const std::string kOne = "sandbox-one-token-0123456789abcd";

TokenBook book() {
  FileTokens tokens;
  tokens.operators = {digest_of(kOperator)};
  tokens.sandboxes["sb-1"] = {digest_of(kOne)};
  return TokenBook(tokens);
}

// sb-1 is called one, sb-2 two.
std::optional<std::string> find(std::string_view name) {
  if (name == "sb-1" || name == "one") return "sb-1";
  if (name == "sb-2" || name == "two") return "sb-2";
  return std::nullopt;
}

Standing operator_standing() { return {Caller{Caller::Kind::operator_, {}}, false}; }
Standing supervisor_of(const std::string& id) { return {Caller{Caller::Kind::sandbox, id}, false}; }

rpc::Code code_of(std::string_view rpc, const Standing& standing,
                  const std::optional<std::string>& sandbox) {
  return judge(rpc, standing, sandbox, find).code;
}

TEST(Access, NamesEachCallOnce) {
  std::set<std::string_view> seen;
  for (const Rule& rule : rules()) EXPECT_TRUE(seen.insert(rule.rpc).second) << rule.rpc;
}

TEST(Access, ServesTheOperatorAllButWhatIsASupervisorsOwn) {
  for (const Rule& rule : rules()) {
    const rpc::Code wanted =
        rule.who == Who::sandbox ? rpc::Code::permission_denied : rpc::Code::ok;
    EXPECT_EQ(code_of(rule.rpc, operator_standing(), "sb-1"), wanted) << rule.rpc;
  }
}

TEST(Access, ServesASupervisorItsOwnSandboxAlone) {
  for (const Rule& rule : rules()) {
    const bool its = rule.who != Who::operator_;
    const rpc::Code wanted = its ? rpc::Code::ok : rpc::Code::permission_denied;
    EXPECT_EQ(code_of(rule.rpc, supervisor_of("sb-1"), "sb-1"), wanted) << rule.rpc;
    EXPECT_EQ(code_of(rule.rpc, supervisor_of("sb-1"), "one"), wanted) << rule.rpc;
    const rpc::Code other = rule.who == Who::anyone ? rpc::Code::ok : rpc::Code::permission_denied;
    EXPECT_EQ(code_of(rule.rpc, supervisor_of("sb-1"), "two"), other) << rule.rpc;
    EXPECT_EQ(code_of(rule.rpc, supervisor_of("sb-1"), ""), other) << rule.rpc;
  }
}

TEST(Access, ServesNobodyElseAnythingButHealth) {
  for (const Rule& rule : rules()) {
    const rpc::Code wanted = rule.rpc == "Health" ? rpc::Code::ok : rpc::Code::unauthenticated;
    EXPECT_EQ(code_of(rule.rpc, Standing{}, "sb-1"), wanted) << rule.rpc;
  }
}

TEST(Access, RefusesACallThatIsNotInTheTable) {
  EXPECT_EQ(code_of("ExportKeys", operator_standing(), std::nullopt), rpc::Code::permission_denied);
}

TEST(Access, TellsASupervisorTheSameOfSandboxesThatAreThereAndThatAreNot) {
  const auto there = judge("GetSandbox", supervisor_of("sb-1"), "two", find);
  const auto not_there = judge("GetSandbox", supervisor_of("sb-1"), "nobody", find);
  EXPECT_EQ(there.code, rpc::Code::permission_denied);
  EXPECT_EQ(there.code, not_there.code);
  EXPECT_EQ(there.message, not_there.message);
  const auto stranger_there = judge("GetSandbox", Standing{}, "two", find);
  const auto stranger_not = judge("GetSandbox", Standing{}, "nobody", find);
  EXPECT_EQ(stranger_there.message, stranger_not.message);
}

TEST(Access, TellsASupervisorThatItsOwnSandboxIsGone) {
  EXPECT_EQ(code_of("GetInferenceBundle", supervisor_of("sb-9"), std::nullopt),
            rpc::Code::not_found);
  EXPECT_EQ(code_of("GetSandboxConfig", supervisor_of("sb-9"), "sb-9"), rpc::Code::not_found);
  EXPECT_EQ(code_of("GetSandboxConfig", supervisor_of("sb-9"), "sb-1"),
            rpc::Code::permission_denied);
}

TEST(Access, FollowsNoNameThatIsAnotherSandboxesId) {
  const auto crossed = [](std::string_view name) -> std::optional<std::string> {
    if (name == "sb-1") return "sb-2";  // sb-2 took the name
    return std::nullopt;
  };
  EXPECT_EQ(judge("GetSandboxConfig", supervisor_of("sb-1"), "sb-1", crossed).code,
            rpc::Code::permission_denied);
}

TEST(Identity, IsWhatTheTokenSays) {
  const auto of_operator = identify(book(), {{"Bearer " + kOperator}, {}, false});
  ASSERT_TRUE(of_operator);
  EXPECT_EQ(of_operator->caller.kind, Caller::Kind::operator_);
  EXPECT_FALSE(of_operator->believed);
  const auto of_one = identify(book(), {{"bearer " + kOne}, "sb-2", true});
  ASSERT_TRUE(of_one);
  EXPECT_EQ(of_one->caller.kind, Caller::Kind::sandbox);
  EXPECT_EQ(of_one->caller.sandbox_id, "sb-1");
}

TEST(Identity, IsRefusedForATokenThatIsNotKnownAndForOtherText) {
  const std::string canary = "canary-token-0123456789abcdefghi";
  const std::vector<std::vector<std::string>> rows = {
      {"Bearer " + canary},
      {canary},
      {"Bearer"},
      {"Bearer "},
      {"Basic x"},
      {"Bearer " + kOperator, "Bearer " + kOperator},
      {"Bearer  " + kOperator},
      {"Bearer " + kOperator + "\n"},
      {""}};
  for (const auto& row : rows) {
    for (const bool believed : {false, true}) {
      const auto who = identify(book(), {row, {}, believed});
      ASSERT_FALSE(who) << row.front();
      EXPECT_EQ(who.error().code, rpc::Code::unauthenticated);
      EXPECT_THAT(who.error().message, Not(HasSubstr("canary")));
    }
  }
}

TEST(Identity, WithoutATokenIsBelievedOnlyWhileNoOperatorHasOne) {
  TokenBook none{FileTokens{}};
  const auto near = identify(none, {{}, {}, true});
  ASSERT_TRUE(near);
  EXPECT_EQ(near->caller.kind, Caller::Kind::operator_);
  EXPECT_EQ(code_of("GetInferenceBundle", *near, std::nullopt), rpc::Code::ok);
  EXPECT_EQ(identify(none, {{}, {}, false})->caller.kind, Caller::Kind::anonymous);
  EXPECT_EQ(identify(book(), {{}, {}, true})->caller.kind, Caller::Kind::anonymous);
  // A token that isn't known is no way round.
  EXPECT_FALSE(identify(none, {{"Bearer " + kOperator}, {}, true}));
}

TEST(Identity, IsTheClaimedSandboxWhereCallersAreBelieved) {
  TokenBook none{FileTokens{}};
  const auto near = identify(none, {{}, "sb-1", true});
  ASSERT_TRUE(near);
  EXPECT_EQ(near->caller.kind, Caller::Kind::sandbox);
  EXPECT_EQ(near->caller.sandbox_id, "sb-1");
  EXPECT_FALSE(near->believed);
  EXPECT_EQ(identify(none, {{}, "sb-1", false})->caller.kind, Caller::Kind::anonymous);
  EXPECT_EQ(identify(book(), {{}, "sb-1", true})->caller.kind, Caller::Kind::anonymous);
}

}  // namespace
}  // namespace sallyport::gateway
