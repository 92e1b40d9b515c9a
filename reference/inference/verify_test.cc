#include "reference/inference/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::inference {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Route route_of(std::string_view type, std::string_view url) {
  Route route;
  std::string reason;
  route.name = "inference.local";
  route.base = parse_base_url(url, reason).value();
  route.model = "m-1";
  route.model_json = "\"m-1\"";
  const Profile& profile = *find_profile(type);
  adopt_profile(profile, route);
  route.protocols.assign(profile.protocols.begin(), profile.protocols.end());
  route.api_key = base::Secret("sk-very-secret");
  return route;
}

Route openai() { return route_of("openai", "https://api.test/v1"); }

std::string path_of(const Verification& verification) {
  const std::string request = verification.request();
  return request.substr(0, request.find(" HTTP/1.1"));
}

TEST(Verification, AsksWithTheRoutesModelKeyAndPath) {
  const Route route = openai();
  const Verification verification(route);
  EXPECT_THAT(verification.request(),
              AllOf(StartsWith("POST /v1/chat/completions HTTP/1.1\r\nHost: api.test\r\n"
                               "Authorization: Bearer sk-very-secret\r\n"),
                    HasSubstr("content-type: application/json\r\n"),
                    EndsWith(R"({"model":"m-1","messages":[{"role":"user","content":"ping"}],)"
                             R"("max_completion_tokens":32})")));
}

TEST(Verification, AsksAnthropicInItsOwnDialect) {
  const Route route = route_of("anthropic", "https://api.test/v1");
  Verification verification(route);
  EXPECT_THAT(verification.request(), AllOf(StartsWith("POST /v1/messages HTTP/1.1\r\n"),
                                            HasSubstr("x-api-key: sk-very-secret\r\n"),
                                            HasSubstr("anthropic-version: 2023-06-01\r\n"),
                                            HasSubstr("\"max_tokens\":32")));
  verification.take_answer(200, "");
  ASSERT_TRUE(verification.decided());
  EXPECT_TRUE(verification.verdict().passed);
  EXPECT_EQ(verification.verdict().protocol, "anthropic_messages");
  EXPECT_EQ(verification.verdict().url, "https://api.test/v1/messages");
}

TEST(Verification, AsksInTheNextProtocolOnlyWhereTheFormWasRefused) {
  const Route route = openai();
  Verification verification(route);
  for (const std::string_view path :
       {"POST /v1/chat/completions", "POST /v1/responses", "POST /v1/completions"}) {
    ASSERT_FALSE(verification.decided());
    EXPECT_EQ(path_of(verification), path);
    verification.take_answer(404, "no such path");
  }
  EXPECT_EQ(path_of(verification), "POST /v1/embeddings");
  verification.take_answer(204, "");
  EXPECT_TRUE(verification.verdict().passed);
  EXPECT_EQ(verification.verdict().protocol, "openai_embeddings");
}

TEST(Verification, TellsTheFirstMisfitWhenNoProtocolFits) {
  const Route route = openai();
  Verification verification(route);
  verification.take_answer(404, "first");
  verification.take_answer(405, "second");
  verification.take_answer(422, "third");
  ASSERT_FALSE(verification.decided());
  verification.take_answer(400, "fourth");
  ASSERT_TRUE(verification.decided());
  EXPECT_EQ(verification.verdict().fault, ProbeFault::request_shape);
  EXPECT_THAT(verification.verdict().details,
              AllOf(HasSubstr("with HTTP 404. Response body: first"), Not(HasSubstr("fourth"))));
}

TEST(Verification, FallsBackToMaxTokensForWhoDoesNotKnowTheOther) {
  const Route route = openai();
  Verification verification(route);
  verification.take_answer(400, "unknown parameter: max_completion_tokens");
  ASSERT_FALSE(verification.decided());
  EXPECT_THAT(verification.request(),
              AllOf(StartsWith("POST /v1/chat/completions "), HasSubstr(R"("max_tokens":32})")));
  verification.take_answer(400, "max_completion_tokens again");
  EXPECT_EQ(path_of(verification), "POST /v1/responses");
}

TEST(Verification, StopsAtEveryOtherFault) {
  struct Row {
    unsigned status;
    std::string_view body;
    ProbeFault fault;
  };
  const Row rows[] = {
      {401, "", ProbeFault::credentials},
      {403, "", ProbeFault::credentials},
      {400, R"({"error":{"code":"Invalid_API_Key"}})", ProbeFault::credentials},
      {404, "Permission denied", ProbeFault::credentials},
      {422, "authentication_error", ProbeFault::credentials},
      {429, "", ProbeFault::rate_limited},
      {500, "", ProbeFault::upstream_health},
      {599, "unauthorized", ProbeFault::upstream_health},
      {301, "", ProbeFault::unexpected},
      {402, "", ProbeFault::unexpected},
      {409, "", ProbeFault::unexpected},
  };
  for (const Row& row : rows) {
    const Route route = openai();
    Verification verification(route);
    verification.take_answer(row.status, row.body);
    ASSERT_TRUE(verification.decided()) << row.status;
    EXPECT_FALSE(verification.verdict().passed) << row.status;
    EXPECT_EQ(verification.verdict().fault, row.fault) << row.status << row.body;
  }
}

TEST(Verification, TakesARefusedMethodForAMisfitWhateverItsBodySays) {
  const Route route = openai();
  Verification verification(route);
  verification.take_answer(405, "unauthorized");
  EXPECT_FALSE(verification.decided());
}

TEST(Verification, TellsWhyNobodyAnswered) {
  const Route route = openai();
  Verification verification(route);
  verification.take_loss("connection refused");
  EXPECT_EQ(verification.verdict().fault, ProbeFault::connectivity);
  EXPECT_THAT(verification.verdict().details, EndsWith(": connection refused"));
}

TEST(Verification, CannotAskARouteThatOnlyListsModels) {
  Route route = openai();
  route.protocols = {"model_discovery"};
  const Verification verification(route);
  ASSERT_TRUE(verification.decided());
  EXPECT_EQ(verification.verdict().fault, ProbeFault::request_shape);
  EXPECT_THAT(verification.verdict().details, HasSubstr("writable inference protocol"));
}

TEST(Verification, NeverTellsTheKey) {
  Route route = openai();
  Verification verification(route);
  verification.take_answer(401, "wrong key sk-very-secret, I say: sk-very-secret");
  EXPECT_THAT(verification.verdict().details, EndsWith("wrong key [REDACTED], I say: [REDACTED]"));
  EXPECT_THAT(refusal_text(verification.verdict(), "p", "m-1", "https://api.test/v1"),
              Not(HasSubstr("secret")));
}

TEST(Excerpt, IsOneLineOfSoManyCharacters) {
  const base::Secret none;
  EXPECT_EQ(excerpt("a\r\nb\tc", none, 200), "a  b c");
  EXPECT_EQ(excerpt("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", none, 2), "\xE2\x82\xAC\xE2\x82\xAC");
  EXPECT_EQ(excerpt("\xFFz", none, 9), "?z");
  EXPECT_EQ(excerpt(std::string(500, 'x'), none, 200), std::string(200, 'x'));
}

TEST(Excerpt, HidesAKeyThatTheEndOfWhatWasReadCutsOff) {
  const base::Secret key("sk-0123456789");
  EXPECT_EQ(excerpt("sk-0123456789sk-0123", key, 200), "[REDACTED][REDACTED]");
  EXPECT_EQ(excerpt("a word sk", key, 200), "a word sk");
}

TEST(Excerpt, HidesAKeyAsJsonSpellsIt) {
  EXPECT_EQ(excerpt(R"({"key":"a\"b\\c"})", base::Secret("a\"b\\c"), 200),
            R"({"key":"[REDACTED]"})");
}

TEST(RefusalText, NamesWhatWasAskedAndWhatToDo) {
  const Route route = openai();
  Verification verification(route);
  verification.take_answer(503, "");
  EXPECT_EQ(refusal_text(verification.verdict(), "p", "m-1", "https://api.test/v1"),
            "failed to verify inference endpoint for provider 'p' and model 'm-1' at "
            "'https://api.test/v1': the endpoint is not well and answered with HTTP 503. Next "
            "steps: wait until the endpoint is well again, or retry with '--no-verify' to set the "
            "route without asking its endpoint");
}

TEST(RefusalText, HasAdviceForEachFault) {
  for (const ProbeFault fault :
       {ProbeFault::credentials, ProbeFault::request_shape, ProbeFault::rate_limited,
        ProbeFault::upstream_health, ProbeFault::connectivity, ProbeFault::unexpected}) {
    EXPECT_FALSE(next_steps(fault).empty());
    EXPECT_FALSE(next_steps(fault).ends_with('.'));
  }
}

}  // namespace
}  // namespace sallyport::inference
