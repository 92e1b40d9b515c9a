#include "reference/gateway/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1000;

std::string revision_of(const State& state) {
  const auto bundle = resolve_bundle(state, kNow);
  EXPECT_TRUE(bundle);
  return bundle ? bundle->revision : "";
}

TEST(Bundle, ResolvesTheRouteFromTheProvidersRecord) {
  State state = used_state();
  state.routes.begin()->second.timeout_s = 7;
  const auto bundle = resolve_bundle(state, kNow);
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->routes.size(), 1U);
  const ResolvedRoute& one = bundle->routes[0];
  EXPECT_EQ(one.name, "inference.local");
  EXPECT_EQ(one.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(one.api_key, base::Secret("sk-1"));
  EXPECT_EQ(one.model, "m-1");
  EXPECT_EQ(one.provider_type, "openai");
  EXPECT_EQ(one.timeout_s, 7U);
  EXPECT_THAT(one.protocols, testing::Contains("openai_chat_completions"));
  EXPECT_EQ(bundle->revision.size(), 16U);
}

TEST(Bundle, IsEmptyAndSoundWithoutRoutes) {
  const auto bundle = resolve_bundle(State{}, kNow);
  ASSERT_TRUE(bundle);
  EXPECT_TRUE(bundle->routes.empty());
  EXPECT_EQ(bundle->revision.size(), 16U);
}

TEST(Bundle, ChangesItsRevisionWithKeyBaseUrlModelAndTimeoutAndWithNothingElse) {
  const State before = used_state();
  const std::string revision = revision_of(before);
  const auto changes = [&](auto change) {
    State state = before;
    change(state.providers.at("p"), state.routes.begin()->second);
    return revision_of(state) != revision;
  };
  EXPECT_TRUE(changes([](Provider& p, Route&) {
    p.credentials.insert_or_assign("OPENAI_API_KEY", base::Secret("sk-2"));
  }));
  EXPECT_TRUE(changes([](Provider& p, Route&) { p.config["OPENAI_BASE_URL"] = "http://h/v1"; }));
  EXPECT_TRUE(changes([](Provider&, Route& r) { r.model = "m-2"; }));
  EXPECT_TRUE(changes([](Provider&, Route& r) { r.timeout_s = 1; }));
  EXPECT_FALSE(changes([](Provider& p, Route& r) {
    p.config["UNRELATED"] = "x";
    p.version = 9;
    r.version = 9;
  }));
}

TEST(Bundle, TakesTheBaseUrlOfTheConfigTrimmed) {
  State state = used_state();
  state.providers.at("p").config["OPENAI_BASE_URL"] = "  http://10.0.0.1:8/v1 ";
  EXPECT_EQ(resolve_bundle(state, kNow)->routes[0].base_url, "http://10.0.0.1:8/v1");
  state.providers.at("p").config["OPENAI_BASE_URL"] = " ";
  EXPECT_EQ(resolve_bundle(state, kNow)->routes[0].base_url, "https://api.openai.com/v1");
}

TEST(Bundle, SaysWhichProviderIsGone) {
  State state = used_state();
  state.providers.erase("p");
  const auto bundle = resolve_bundle(state, kNow);
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, rpc::Code::failed_precondition);
  EXPECT_THAT(bundle.error().message, HasSubstr("configured provider 'p' was not found"));
}

TEST(Bundle, HoldsOneRouteAlone) {
  State state = used_state();
  state.routes.emplace(kSystemRoute, route("idle"));
  ASSERT_EQ(resolve_bundle(state, kNow)->routes.size(), 1U);
  EXPECT_EQ(resolve_bundle(state, kNow)->routes[0].name, kUserRoute);
}

TEST(Bundle, TakesACredentialOfAnotherNameOnlyIfItIsTheOnlyOne) {
  const Provider one = provider("p", "openai", "MY_KEY", "sk-mine");
  EXPECT_EQ(resolve_route("r", route("p"), one, kNow)->api_key, base::Secret("sk-mine"));
  Provider two = one;
  two.credentials.emplace("A_DATABASE_PASSWORD", base::Secret("hunter2"));
  const auto refused = resolve_route("r", route("p"), two, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rpc::Code::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("no usable API key"));
}

TEST(Bundle, DoesNotUseAKeyThatIsBlankOrHasExpired) {
  EXPECT_FALSE(
      resolve_route("r", route("p"), provider("p", "openai", "OPENAI_API_KEY", " "), kNow));
  Provider expiring = provider("p");
  expiring.expires_at_ms["OPENAI_API_KEY"] = kNow;
  EXPECT_FALSE(resolve_route("r", route("p"), expiring, kNow));
  EXPECT_TRUE(resolve_route("r", route("p"), expiring, kNow - 1));
}

TEST(Bundle, RefusesATypeWithoutServedInference) {
  for (const char* type : {"github", "vertex", "aws-bedrock"}) {
    const auto refused = resolve_route("r", route("p"), provider("p", type), kNow);
    ASSERT_FALSE(refused) << type;
    EXPECT_THAT(refused.error().message, HasSubstr("anthropic")) << type;
  }
}

TEST(Bundle, RefusesABaseUrlThatIsNone) {
  State state = used_state();
  state.providers.at("p").config["OPENAI_BASE_URL"] = "ftp://h/";
  EXPECT_EQ(resolve_bundle(state, kNow).error().code, rpc::Code::invalid_argument);
}

TEST(Bundle, NeverShowsAKeyInWhatItRefuses) {
  Provider two = provider("p", "openai", "A", "sk-secret");
  two.credentials.emplace("B", base::Secret("sk-secret"));
  EXPECT_THAT(resolve_route("r", route("p"), two, kNow).error().message,
              testing::Not(HasSubstr("sk-secret")));
}

}  // namespace
}  // namespace sallyport::gateway
