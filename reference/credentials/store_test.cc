#include "reference/credentials/store.h"

#include <gtest/gtest.h>

#include "reference/credentials/base64.h"

namespace sallyport::credentials {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
constexpr Endpoint kApi{"api.example", 443, "/v1/models"};

Credential credential(std::string value = "sk-secret", std::string identity = "provider:KEY") {
  Credential one;
  one.key = "KEY";
  one.identity = std::move(identity);
  one.value = base::Secret(std::move(value));
  one.bindings = {Binding{"api.example", 443, ""}};
  return one;
}

Store store(std::uint64_t revision = 1, Credential one = credential()) {
  std::vector<Credential> all;
  all.push_back(std::move(one));
  return Store(revision, std::move(all));
}

std::string token(std::uint64_t revision, const std::string& key = "KEY") {
  return "openshell:resolve:env:v" + std::to_string(revision) + "_" + key;
}

// The value, or `mismatch`, `unavailable`, or `as it is` when there is no placeholder.
std::string resolve(const Store& from, std::string_view value, const Endpoint& endpoint = kApi,
                    std::int64_t now = kNow) {
  const auto resolved = from.resolve_field(value, endpoint, now);
  if (!resolved) return "as it is";
  if (resolved->refusal == Refusal::endpoint_mismatch) return "mismatch";
  if (resolved->refusal == Refusal::unavailable) return "unavailable";
  return resolved->value;
}

TEST(Store, GivesAgentsAPlaceholderForEachVariable) {
  const auto variables = store(7).environment();
  ASSERT_EQ(variables.size(), 1U);
  EXPECT_EQ(variables.at("KEY"), token(7));
}

TEST(Store, LeavesOutKeysThatAreTwiceOrReadAsAnothers) {
  std::vector<Credential> all = {credential(), credential("other")};
  all.push_back(credential());
  all.back().key = "v1_KEY";
  const Store from(1, std::move(all));
  EXPECT_TRUE(from.environment().empty());
  EXPECT_EQ(resolve(from, token(1)), "unavailable");
}

TEST(Store, LeavesFieldsWithoutAPlaceholderAsTheyAre) {
  for (const char* const value :
       {"", " ", "Bearer", "Bearer sk-1", "Basic dXNlcjpwYXNz", "Basic", "Basic !", "100%"}) {
    EXPECT_EQ(resolve(store(), value), "as it is") << value;
  }
}

TEST(Store, ResolvesAWholeValueAndOneBehindAWord) {
  EXPECT_EQ(resolve(store(), token(1)), "sk-secret");
  EXPECT_EQ(resolve(store(), "Bearer " + token(1)), "Bearer sk-secret");
  EXPECT_EQ(resolve(store(), "Token  " + token(1)), "Token  sk-secret");
}

TEST(Store, ResolvesWhatBasicEncodes) {
  const std::string sent = "Basic " + encode_base64("user:" + token(1));
  EXPECT_EQ(resolve(store(), sent), "Basic " + encode_base64("user:sk-secret"));
  const std::string both = "basic " + encode_base64(token(1) + ":" + token(1));
  EXPECT_EQ(resolve(store(), both), "basic " + encode_base64("sk-secret:sk-secret"));
}

TEST(Store, RefusesAPlaceholderInBasicThatDoesNotResolve) {
  for (const std::string& plain :
       {"user:" + token(2), token(1) + ":xOPENSHELL-RESOLVE-ENV-KEY",
        "xOPENSHELL-RESOLVE-ENV-KEY:" + token(1), token(1) + ":openshell%3aresolve:env:KEY",
        std::string("user:openshell:resolve:env:KEY")}) {
    EXPECT_EQ(resolve(store(), "Basic " + encode_base64(plain)), "unavailable") << plain;
  }
}

TEST(Store, RefusesAnyOtherFieldThatHoldsOne) {
  for (const std::string& value :
       {"session=" + token(1), token(1) + ", " + token(1), "Bearer " + token(1) + " x",
        "a b " + token(1), token(1) + " Bearer", "Bearer x" + token(1),
        std::string("Bearer openshell%3Aresolve%3Aenv%3Av1_KEY"), token(1) + "-x"}) {
    EXPECT_EQ(resolve(store(), value), "unavailable") << value;
  }
}

TEST(Store, NeverResolvesTheFormsWithoutARevision) {
  EXPECT_EQ(resolve(store(), "openshell:resolve:env:KEY"), "unavailable");
  EXPECT_EQ(resolve(store(), "Bearer sk-OPENSHELL-RESOLVE-ENV-KEY"), "unavailable");
  EXPECT_EQ(resolve(store(), "openshell:resolve:env:s" + std::string(64, '0') + "_KEY"),
            "unavailable");
}

TEST(Store, TellsAKnownKeyForAnotherEndpointFromAnUnknownOne) {
  EXPECT_EQ(resolve(store(), token(1), Endpoint{"evil.example", 443, "/"}), "mismatch");
  EXPECT_EQ(resolve(store(), token(1), Endpoint{"api.example", 80, "/"}), "mismatch");
  EXPECT_EQ(resolve(store(), token(1, "OTHER")), "unavailable");
  EXPECT_EQ(resolve(store(), token(2)), "unavailable");
  EXPECT_EQ(resolve(Store(), token(1)), "unavailable");
}

TEST(Store, NamesTheCredentialThatMayNotGoThere) {
  const auto resolved = store().resolve_field(token(1), Endpoint{"evil.example", 443, "/"}, kNow);
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->key, "KEY");
  EXPECT_EQ(resolved->value, "");
}

TEST(Store, SendsACredentialWithoutBindingsNowhere) {
  Credential one = credential();
  one.bindings.clear();
  EXPECT_EQ(resolve(store(1, one), token(1)), "mismatch");
}

TEST(Store, NeverResolvesWhatAFieldCannotHold) {
  for (const std::string& value : {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3),
                                   std::string("a\x01"), std::string("a\x7F"), std::string()}) {
    EXPECT_EQ(resolve(store(1, credential(value)), token(1)), "unavailable");
    EXPECT_EQ(resolve(store(1, credential(value)), "Basic " + encode_base64("u:" + token(1))),
              "unavailable");
  }
}

TEST(Store, NeverResolvesWhatHasExpired) {
  Credential one = credential();
  one.expires_at_ms = kNow;
  const Store from = store(1, one);
  EXPECT_EQ(resolve(from, token(1), kApi, kNow - 1), "sk-secret");
  EXPECT_EQ(resolve(from, token(1), kApi, kNow), "unavailable");
}

TEST(Store, ResolvesAnOldPlaceholderToTheValueOfNow) {
  const Store after = Store::succeed(store(1), store(9, credential("sk-new")));
  EXPECT_EQ(resolve(after, token(1)), "sk-new");
  EXPECT_EQ(resolve(after, token(9)), "sk-new");
  EXPECT_EQ(after.environment().at("KEY"), token(9));
}

TEST(Store, NeverResolvesAPlaceholderOfAnotherIdentity) {
  const Store other = store(2, credential("sk-other", "another:KEY"));
  const Store after = Store::succeed(store(1), other);
  EXPECT_EQ(resolve(after, token(1)), "unavailable");
  EXPECT_EQ(resolve(after, token(2)), "sk-other");
  const Store back = Store::succeed(after, store(3));
  EXPECT_EQ(resolve(back, token(1)), "unavailable");
}

TEST(Store, KeepsTheLastEightRevisions) {
  Store now = store(1);
  for (std::uint64_t revision = 2; revision <= 9; ++revision) {
    now = Store::succeed(now, store(revision));
  }
  EXPECT_EQ(resolve(now, token(1)), "unavailable");
  EXPECT_EQ(resolve(now, token(2)), "sk-secret");
  EXPECT_EQ(resolve(now, token(9)), "sk-secret");
}

TEST(Store, RevivesAPlaceholderWhenItsCredentialComesBack) {
  const Store gone = Store::succeed(store(1), Store(2, {}));
  EXPECT_EQ(resolve(gone, token(1)), "unavailable");
  EXPECT_EQ(resolve(Store::succeed(gone, store(1)), token(1)), "sk-secret");
  EXPECT_EQ(resolve(Store::succeed(gone, store(3)), token(1)), "sk-secret");
}

TEST(Store, RevivesItAfterARevocationUnderTheSameRevision) {
  const Store revoked = Store::succeed(store(1), Store(1, {}));
  EXPECT_EQ(resolve(revoked, token(1)), "unavailable");
  EXPECT_EQ(resolve(Store::succeed(revoked, store(2)), token(1)), "sk-secret");
}

}  // namespace
}  // namespace sallyport::credentials
