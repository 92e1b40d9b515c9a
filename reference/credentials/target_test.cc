// Placeholders in request targets: Store::resolve_target().
#include <gtest/gtest.h>

#include "reference/credentials/store.h"

namespace sallyport::credentials {
namespace {

constexpr std::string_view kToken = "openshell:resolve:env:v1_KEY";

Store store(const std::string& value, std::string provider = {}) {
  Credential one;
  one.key = "KEY";
  one.identity = "provider:KEY";
  one.provider = provider;
  one.value = base::Secret(value);
  if (provider.empty()) one.bindings.push_back(Binding{"api.example", 443, ""});
  std::vector<Credential> all;
  all.push_back(std::move(one));
  return Store(1, std::move(all));
}

const Endpoint kApi{"api.example", 443, "/"};

// The target with `KEY` for the placeholder; or why there is none.
std::string resolve(const std::string& value, std::string target, const Endpoint& at = kApi) {
  const std::size_t key = target.find("KEY");
  if (key != std::string::npos) target.replace(key, 3, kToken);
  const auto resolved = store(value).resolve_target(target, at, 1);
  if (!resolved) return "as it is";
  if (resolved->refusal == Refusal::endpoint_mismatch) return "mismatch";
  if (resolved->refusal == Refusal::unavailable) return "unavailable";
  return resolved->value;
}

TEST(Target, WithoutAPlaceholderStaysAsItIs) {
  for (const char* const target : {"/", "/a/b?c=d", "/a%2Fb", "/?", "/openshell:resolve"}) {
    EXPECT_EQ(resolve("sk", target), "as it is") << target;
  }
}

TEST(Target, GetsTheValueInASegmentOfItsPath) {
  EXPECT_EQ(resolve("123:abc", "/botKEY/send"), "/bot123:abc/send");
  EXPECT_EQ(resolve("sk", "/KEY"), "/sk");
  EXPECT_EQ(resolve("sk", "/a/x-KEY-y/?q=1"), "/a/x-sk-y/?q=1");
  EXPECT_EQ(resolve("sk", "/KEY?"), "/sk?");
}

TEST(Target, GetsTheValueInAValueOfItsQuery) {
  EXPECT_EQ(resolve("sk", "/a?key=KEY"), "/a?key=sk");
  EXPECT_EQ(resolve("sk", "/a/?x=1&key=pre%20KEY&y=%2B+"), "/a/?x=1&key=pre%20sk&y=%2B+");
  EXPECT_EQ(resolve("sk", "/a?key=openshell%3Aresolve%3Aenv%3Av1_KE%59"), "/a?key=sk");
}

TEST(Target, EncodesTheValueForItsPlace) {
  EXPECT_EQ(resolve("a b%;\xC3\xA4", "/KEY"), "/a%20b%25%3B%C3%A4");
  EXPECT_EQ(resolve("a&b=c#d/e?f+g", "/?k=KEY"), "/?k=a%26b%3Dc%23d%2Fe%3Ff%2Bg");
}

TEST(Target, NeverGetsAValueThatMakesAnotherPathOfIt) {
  for (const char* const value : {"a/b", "a\\b", "..", ".", "a?b", "a#b", "../x"}) {
    EXPECT_EQ(resolve(value, "/v1/KEY/x"), "unavailable") << value;
  }
  EXPECT_EQ(resolve(".", "/v1/.KEY"), "unavailable");
  EXPECT_EQ(resolve("..", "/v1/aKEY"), "/v1/a..");
}

TEST(Target, NeverGetsAValueWithControlOctets) {
  for (const std::string& value :
       {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3), std::string()}) {
    EXPECT_EQ(resolve(value, "/KEY"), "unavailable");
    EXPECT_EQ(resolve(value, "/?k=KEY"), "unavailable");
  }
}

TEST(Target, IsRefusedWithAPlaceholderInANameOfItsQuery) {
  EXPECT_EQ(resolve("sk", "/a?KEY"), "unavailable");
  EXPECT_EQ(resolve("sk", "/a?KEY=1"), "unavailable");
}

TEST(Target, IsRefusedWithAFormThatNeverResolves) {
  for (const char* const target :
       {"/openshell:resolve:env:v2_OTHER", "/xOPENSHELL-RESOLVE-ENV-A",
        "/?a=openshell:resolve:env:B", "/openshell:resolve:env:v1_KEY.xOPENSHELL-RESOLVE-ENV-A",
        "/?a=openshell:resolve:env:v1_KEY;openshell%3Aresolve:env:B"}) {
    const auto resolved = store("sk").resolve_target(target, kApi, 1);
    ASSERT_TRUE(resolved) << target;
    EXPECT_EQ(resolved->refusal, Refusal::unavailable) << target;
  }
}

TEST(Target, IsRefusedForAnotherEndpoint) {
  EXPECT_EQ(resolve("sk", "/KEY", Endpoint{"evil.example", 443, "/"}), "mismatch");
  EXPECT_EQ(resolve("sk", "/?k=KEY", Endpoint{"api.example", 80, "/"}), "mismatch");
}

TEST(Target, NeverGetsAValueInClearTextOnPort443) {
  Endpoint clear = kApi;
  clear.clear = true;
  EXPECT_EQ(resolve("sk", "/KEY", clear), "mismatch");
}

TEST(PolicyBinding, LetsACredentialWithoutEndpointsGoWhereItsProviderIsBound) {
  const Store from = store("sk", "vendor");
  Endpoint endpoint{"any.example", 8443, "/"};
  EXPECT_EQ(from.resolve_field(kToken, endpoint, 1)->refusal, Refusal::endpoint_mismatch);
  const std::vector<std::string_view> providers{"other", "vendor"};
  endpoint.providers = providers;
  EXPECT_EQ(from.resolve_field(kToken, endpoint, 1)->value, "sk");
  EXPECT_TRUE(from.binds(endpoint));
}

TEST(PolicyBinding, DoesNotWidenACredentialThatHasEndpoints) {
  Credential one;
  one.key = "KEY";
  one.identity = "i";
  one.provider = "vendor";
  one.value = base::Secret("sk");
  one.bindings.push_back(Binding{"api.example", 443, ""});
  std::vector<Credential> all;
  all.push_back(std::move(one));
  const Store from(1, std::move(all));
  Endpoint endpoint{"any.example", 443, "/"};
  const std::vector<std::string_view> providers{"vendor"};
  endpoint.providers = providers;
  EXPECT_EQ(from.resolve_field(kToken, endpoint, 1)->refusal, Refusal::endpoint_mismatch);
  EXPECT_FALSE(from.binds(endpoint));
}

TEST(Store, KnowsWhichDestinationsItsCredentialsAreFor) {
  EXPECT_TRUE(store("sk").binds(Endpoint{"api.example", 443, ""}));
  EXPECT_FALSE(store("sk").binds(Endpoint{"api.example", 80, ""}));
  EXPECT_FALSE(store("sk").binds(Endpoint{"b.example", 443, ""}));
}

}  // namespace
}  // namespace sallyport::credentials
