#include "reference/inference/routes.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::inference {
namespace {

std::optional<std::string> environment(std::string_view name) {
  if (name == "KEY") return "from-env";
  return std::nullopt;
}

struct Loaded {
  Routes routes;
  std::string complaints;
};

Loaded load(std::string_view text) {
  base::Diagnostics complaints;
  Loaded out;
  out.routes = load_routes(text, "routes.yaml", environment, complaints);
  out.complaints = complaints.to_string();
  return out;
}

// One route with one line replaced or added.
Loaded load_with(std::string_view endpoint, std::string_view extra) {
  return load("routes:\n  - name: r\n    endpoint: " + std::string(endpoint) +
              "\n    model: m\n    protocols: [openai_responses]\n    " + std::string(extra) +
              "\n");
}

TEST(Routes, AreReadInTheFilesOrder) {
  const Loaded loaded = load(R"(
routes:
  - name: inference.local
    endpoint: https://api.openai.com/v1/
    model: gpt-"4"
    provider_type: openai
    protocols: [" OpenAI_Chat_Completions", openai_responses, openai_responses]
    api_key: sk-1
  - name: inference.local
    endpoint: http://127.0.0.1:8080
    model: claude
    provider_type: anthropic
    protocols: [anthropic_messages, openai_responses]
    api_key_env: KEY
    timeout: 5s
)");
  ASSERT_EQ(loaded.complaints, "");
  ASSERT_EQ(loaded.routes.all().size(), 2U);
  const Route& first = loaded.routes.all()[0];
  EXPECT_TRUE(first.base.tls);
  EXPECT_EQ(first.base.authority, (http::Authority{"api.openai.com", 443}));
  EXPECT_EQ(first.base.path, "/v1");
  EXPECT_EQ(first.base.host_field, "api.openai.com");
  EXPECT_EQ(first.model_json, R"("gpt-\"4\"")");
  EXPECT_EQ(first.protocols,
            (std::vector<std::string>{"openai_chat_completions", "openai_responses"}));
  EXPECT_EQ(first.api_key.reveal(), "sk-1");
  EXPECT_EQ(first.timeout, std::nullopt);
  const Route& second = loaded.routes.all()[1];
  EXPECT_FALSE(second.base.tls);
  EXPECT_EQ(second.base.host_field, "127.0.0.1:8080");
  EXPECT_EQ(second.auth.name, "x-api-key");
  EXPECT_EQ(second.api_key.reveal(), "from-env");
  EXPECT_EQ(second.timeout, std::chrono::seconds(5));
}

TEST(Routes, SelectTheFirstThatListsTheProtocol) {
  const Loaded loaded = load(R"(
routes:
  - {name: a, endpoint: "http://a", model: m, protocols: [openai_responses], api_key: ""}
  - {name: b, endpoint: "http://b", model: m, protocols: [openai_responses, anthropic_messages],
     api_key: ""}
)");
  ASSERT_EQ(loaded.complaints, "");
  EXPECT_EQ(loaded.routes.select("openai_responses")->name, "a");
  EXPECT_EQ(loaded.routes.select("anthropic_messages")->name, "b");
  EXPECT_EQ(loaded.routes.select("aws_bedrock_invoke"), nullptr);
}

TEST(Routes, WithoutAProviderTypeUseABearerTokenAndNoFields) {
  const Loaded loaded = load_with("http://a", "api_key: k");
  ASSERT_EQ(loaded.complaints, "");
  const Route& route = loaded.routes.all()[0];
  EXPECT_EQ(route.auth.kind, AuthKind::bearer);
  EXPECT_TRUE(route.default_headers.empty());
  EXPECT_TRUE(route.passthrough_headers.empty());
}

TEST(Routes, TakeAnEmptyKeyForNoKey) {
  const Loaded loaded = load_with("http://a", "api_key: \"\"\n    api_key_env: UNSET");
  ASSERT_EQ(loaded.complaints, "");
  EXPECT_TRUE(loaded.routes.all()[0].api_key.empty());
}

TEST(Routes, MayBeNone) {
  const Loaded loaded = load("routes: []\n");
  EXPECT_EQ(loaded.complaints, "");
  EXPECT_TRUE(loaded.routes.empty());
}

void expect_complaint(const Loaded& loaded, std::string_view text) {
  EXPECT_NE(loaded.complaints.find(text), std::string::npos)
      << "wanted: " << text << "\ngot: " << loaded.complaints;
}

TEST(Routes, ComplainAboutEachMistakeInItsPlace) {
  expect_complaint(load_with("http://a", "extra: 1"), "routes.yaml:2:5: ");
  expect_complaint(load_with("http://a", "api_kye: k"), "routes.yaml:6:5: ");
  expect_complaint(load_with("http://a", "api_key_env: UNSET"), "UNSET is not set");
  expect_complaint(load_with("http://a", "timeout: 1s"), "neither api_key nor api_key_env");
  expect_complaint(load_with("http://a", "api_key: k\n    timeout: 0s"), "routes.yaml:7:14: ");
  expect_complaint(load_with("http://a", "api_key: k\n    provider_type: opanai"),
                   "did you mean \"openai\"");
  expect_complaint(load_with("http://a", "api_key: k\n    provider_type: aws-bedrock"),
                   "provider type \"aws-bedrock\" is not served");
  expect_complaint(load_with("http://a", "api_key: \"a\\nb\""), "a header field may not hold");
  expect_complaint(load("routes:\n  - a\n"), "a route is a map");
  expect_complaint(load("routes: {}\nroute: 1\n"), "routes.yaml:");
  expect_complaint(load("[]"), "a routes file is a map");
  expect_complaint(load("routes: [{name: a}]"), "endpoint");
}

TEST(Routes, TellWhatToWriteInsteadOfWhatWasRemoved) {
  expect_complaint(load_with("http://a", "api_key: k\n    routing_hint: local"),
                   "routes.yaml:7:19: \"routing_hint\" was removed");
  expect_complaint(load_with("http://a", "api_key: k\n    model_id: m"), "write `model`");
  expect_complaint(load("routes: []\nroute: {name: a}\n"), "\"route\" was removed");
}

TEST(Routes, ComplainAboutProtocolsThatNobodyServes) {
  const auto with = [](std::string_view protocols) {
    return load("routes:\n  - name: r\n    endpoint: http://a\n    model: m\n    protocols: " +
                std::string(protocols) + "\n    api_key: k\n");
  };
  expect_complaint(with("[openai_chat]"), "unknown protocol \"openai_chat\"");
  expect_complaint(with("[aws_bedrock_invoke]"), "is not served");
  expect_complaint(with("[]"), "at least one protocol");
  expect_complaint(with("[\" \"]"), "at least one protocol");
}

TEST(BaseUrl, IsHttpOrHttpsWithHostPortAndPathOnly) {
  for (const char* url :
       {"mock://x", "ftp://a", "a.test", "https://", "https://u:p@a/v1", "https://a/v1?x=1",
        "https://a/v1#f", "https://a:0/", "https://a:99999/", "https://a b/", "https://a/../x",
        "https://a/%2e%2e/x", "https://a/x//y", "https://a/x y", "https://[::1/"}) {
    std::string reason;
    EXPECT_FALSE(parse_base_url(url, reason)) << url;
    EXPECT_FALSE(reason.empty()) << url;
    expect_complaint(load_with("\"" + std::string(url) + "\"", "api_key: k"), "routes.yaml:3:15: ");
  }
  std::string reason;
  EXPECT_EQ(parse_base_url("http://[::1]:8000/v1///", reason)->path, "/v1");
  EXPECT_EQ(parse_base_url("http://[::1]:8000", reason)->host_field, "[::1]:8000");
}

}  // namespace
}  // namespace sallyport::inference
