#include "reference/inference/request.h"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::inference {
namespace {

// The text stays alive beside the head that points into it.
struct Client {
  Client(std::string_view line, std::string_view fields)
      : text(std::string(line) + " HTTP/1.1\r\nHost: inference.local\r\n" + std::string(fields) +
             "\r\n") {
    auto parsed = http::parse_request_head(text);
    if (!parsed) throw std::invalid_argument(parsed.error().message());
    head = *std::move(parsed);
  }
  std::string text;
  http::RequestHead head;
};

Route route_of(std::string_view type, std::string_view url) {
  Route route;
  std::string reason;
  auto base = parse_base_url(url, reason);
  if (!base) throw std::invalid_argument(reason);
  route.base = *std::move(base);
  route.model = "op";
  route.model_json = R"("op")";
  route.api_key = base::Secret("KEY");
  if (const Profile* profile = find_profile(type); profile != nullptr) {
    route.auth = profile->auth;
    route.default_headers.assign(profile->default_headers.begin(), profile->default_headers.end());
    route.passthrough_headers.assign(profile->passthrough_headers.begin(),
                                     profile->passthrough_headers.end());
  }
  return route;
}

std::string upstream_head(const Route& route, const Client& client, std::uint64_t body_bytes) {
  const auto call = read_call(client.head, 4096);
  if (!call) return call.error().message();
  return build_upstream_head(route, *call, client.head, body_bytes);
}

InferenceErrc error_of(std::string_view text) {
  const auto head = http::parse_request_head(text);
  if (!head) throw std::invalid_argument(head.error().message());
  const auto call = read_call(*head, 4096);
  return call ? InferenceErrc{} : static_cast<InferenceErrc>(call.error().value());
}

TEST(Call, IsOnlyWhatNamesTheVirtualHost) {
  for (const std::string_view mine :
       {"GET /v1/models HTTP/1.1\r\nHost: Inference.Local:443\r\n\r\n",
        "GET /v1/models HTTP/1.0\r\n\r\n",
        "GET https://inference.local/v1/models HTTP/1.1\r\nHost: inference.local\r\n\r\n"}) {
    EXPECT_EQ(error_of(mine), InferenceErrc{}) << mine;
  }
  for (const std::string_view anothers :
       {"GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: inference.local:8443\r\n\r\n",
        "GET /v1/models HTTP/1.0\r\nHost: a.inference.local\r\n\r\n",
        "GET https://api.openai.com/v1/models HTTP/1.0\r\n\r\n",
        "GET http://inference.local/v1/models HTTP/1.0\r\n\r\n"}) {
    EXPECT_EQ(error_of(anothers), InferenceErrc::wrong_authority) << anothers;
  }
}

TEST(Call, IsReadFromTheCanonicalPath) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"POST //v1//chat/completions", "/v1/chat/completions"},
      {"POST /v1/x/../chat/completions", "/v1/chat/completions"},
      {"POST /v1/%63hat/completions", "/v1/chat/completions"},
      {"POST /v1/chat;x=1/completions", "/v1/chat/completions"},
      {"POST https://inference.local/v1/messages", "/v1/messages"},
      {"GET /v1/models/org%2fmodel", "/v1/models/org%2Fmodel"}};
  for (const auto& [line, want] : rows) {
    Client client(line, "");
    const auto call = read_call(client.head, 4096);
    ASSERT_TRUE(call) << line;
    EXPECT_EQ(call->target.path(), want);
  }
}

TEST(Call, WithoutACanonicalFormIsRefused) {
  for (const char* line :
       {"GET /v1/models/x%2F..%2F..%2Ffiles", "GET /v1/models/x%2F..", "GET /v1/models/../../..",
        "POST /v1%2Fmessages", "GET /v1/models/a%2Fb/c", "POST /model/a%2Fb/invoke",
        "GET /v1/models/%zz", "GET /v1/models/%00", "GET *"}) {
    const auto call = read_call(Client(line, "").head, 4096);
    ASSERT_FALSE(call) << line;
    EXPECT_EQ(call.error(), InferenceErrc::bad_target) << line;
  }
}

TEST(Call, ThatClimbsOutOfAPatternIsNoCall) {
  for (const char* line : {"GET /v1/models/../files", "GET /v1/models/x%2F/../../files?limit=9",
                           "GET /admin/config", "POST /v1/messages/", "GET /v1/chat/completions"}) {
    const auto call = read_call(Client(line, "").head, 4096);
    ASSERT_FALSE(call) << line;
    EXPECT_EQ(call.error(), InferenceErrc::not_inference) << line;
  }
}

TEST(UpstreamTarget, SaysV1Once) {
  const std::vector<std::array<std::string, 3>> rows = {
      {"https://a/v1", "/v1/chat/completions", "/v1/chat/completions"},
      {"https://a", "/v1/messages", "/v1/messages"},
      {"https://a/v1", "/v1", "/v1"},
      {"https://a/v1/openai", "/v1/chat/completions", "/v1/openai/chat/completions"},
      {"https://a/openai/v1", "/v1/chat/completions", "/openai/v1/chat/completions"},
      {"https://a/api/v1/openai", "/v1/chat/completions", "/api/v1/openai/v1/chat/completions"},
      {"https://a/xv1", "/v1/messages", "/xv1/v1/messages"},
      {"https://a/v1", "/v1/messages?beta=true&x=%2F", "/v1/messages?beta=true&x=%2F"},
      {"https://a/v1", "/v1/models/a%2Fb", "/v1/models/a%2Fb"}};
  for (const auto& [url, sent, want] : rows) {
    http::TargetOptions options;
    options.allow_encoded_slash = true;
    EXPECT_EQ(upstream_target(route_of("", url).base, *http::canonical_target(sent, options)),
              want);
  }
}

TEST(UpstreamHead, HasTheRoutesCredentialAndListedFieldsOnly) {
  const Client client(
      "post /v1/chat/completions?x=1",
      "Authorization: Bearer mine\r\nX-Api-Key: mine\r\napi-key: mine\r\nCookie: c\r\n"
      "X-Goog-Api-Key: mine\r\nX-Amz-Security-Token: t\r\nOpenAI-Organization: o\r\n"
      "OpenAI-Beta: b\r\nContent-Type: application/json\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
      "User-Agent: u\r\nX-Request-Id: 1\r\nTE: trailers\r\nConnection: keep-alive\r\n"
      "Content-Length: 9\r\nVia: v\r\nX-Forwarded-For: f\r\n");
  EXPECT_EQ(upstream_head(route_of("openai", "https://api.test:8443/v1"), client, 20),
            "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: api.test:8443\r\n"
            "Authorization: Bearer KEY\r\nOpenAI-Organization: o\r\n"
            "Content-Type: application/json\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
            "User-Agent: u\r\nContent-Length: 20\r\n\r\n");
}

TEST(UpstreamHead, SendsAnAnthropicKeyInItsOwnFieldAlone) {
  const Client client("POST /v1/messages", "x-api-key: mine\r\nauthorization: Bearer mine\r\n");
  EXPECT_EQ(upstream_head(route_of("anthropic", "http://a"), client, 2),
            "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: KEY\r\n"
            "anthropic-version: 2023-06-01\r\nContent-Length: 2\r\n\r\n");
}

TEST(UpstreamHead, LetsAClientsVersionWinOverTheDefault) {
  const Client client("POST /v1/messages",
                      "Anthropic-Version: 2024-10-22\r\nAnthropic-Beta: b\r\n");
  EXPECT_EQ(upstream_head(route_of("anthropic", "http://a"), client, 2),
            "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: KEY\r\n"
            "Anthropic-Version: 2024-10-22\r\nAnthropic-Beta: b\r\nContent-Length: 2\r\n\r\n");
}

TEST(UpstreamHead, TakesANominatedFieldForAbsent) {
  const Client client("POST /v1/messages",
                      "Anthropic-Version: x\r\nConnection: anthropic-version\r\n");
  EXPECT_NE(upstream_head(route_of("anthropic", "http://a"), client, 2)
                .find("anthropic-version: 2023-06-01\r\n"),
            std::string::npos);
}

TEST(UpstreamHead, HasNoCredentialWithoutAKey) {
  Route route = route_of("openai", "http://a");
  route.api_key = base::Secret("");
  const Client client("GET /v1/models", "Authorization: Bearer mine\r\n");
  EXPECT_EQ(upstream_head(route, client, 0), "GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Body, OfAPostIsForced) {
  const Route route = route_of("openai", "http://a");
  const Client client("POST /v1/embeddings", "Content-Encoding: identity\r\n");
  const auto call = read_call(client.head, 4096);
  EXPECT_EQ(prepare_body(route, *call, client.head, R"({"model":"mine"})")->to_string(),
            R"({"model":"op"})");
}

TEST(Body, ThatCouldHideAModelIsRefused) {
  const Route route = route_of("openai", "http://a");
  for (const char* field : {"Content-Encoding: gzip\r\n", "Content-Encoding: identity, br\r\n"}) {
    const Client client("POST /v1/embeddings", field);
    const auto call = read_call(client.head, 4096);
    EXPECT_EQ(prepare_body(route, *call, client.head, "{}").error(), InferenceErrc::body_encoded);
  }
  const Client client("POST /v1/embeddings", "");
  const auto call = read_call(client.head, 4096);
  for (const char* body : {"", "[]", "model=x", "{"})
    EXPECT_EQ(prepare_body(route, *call, client.head, body).error(),
              InferenceErrc::body_not_object);
}

TEST(Body, OfAGetIsNone) {
  const Route route = route_of("openai", "http://a");
  const Client client("GET /v1/models", "");
  const auto call = read_call(client.head, 4096);
  EXPECT_EQ(prepare_body(route, *call, client.head, "")->bytes, 0U);
  EXPECT_EQ(prepare_body(route, *call, client.head, "{}").error(), InferenceErrc::unexpected_body);
}

}  // namespace
}  // namespace sallyport::inference
