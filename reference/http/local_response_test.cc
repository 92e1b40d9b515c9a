#include "reference/http/local_response.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(LocalAnswer, OfAPolicyDenialIsTheFieldSystems) {
  EXPECT_EQ(to_bytes(json_error(403, "policy_denied", "CONNECT a.test:443 not permitted by policy",
                                "no policy matches")),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 108\r\n"
            "Connection: close\r\n\r\n"
            R"({"detail":"CONNECT a.test:443 not permitted by policy","error":"policy_denied",)"
            R"("reason":"no policy matches"})");
}

TEST(LocalAnswer, HasNoReasonMemberWithoutAReason) {
  EXPECT_EQ(json_error(502, "upstream_unreachable", "d").body,
            R"({"detail":"d","error":"upstream_unreachable"})");
}

TEST(LocalAnswer, WithoutABodySaysSo) {
  EXPECT_EQ(to_bytes(bare_answer(431)),
            "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
}

TEST(LocalAnswer, OfTextDeclaresItsTrueLength) {
  EXPECT_EQ(to_bytes(text_answer(400, "Use CONNECT for HTTPS URLs")),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n"
            "Connection: close\r\n\r\nUse CONNECT for HTTPS URLs");
}

TEST(LocalAnswer, ToHeadDeclaresABodyAndSendsNone) {
  EXPECT_EQ(to_bytes(text_answer(400, "abc"), false),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
            "Connection: close\r\n\r\n");
}

TEST(LocalAnswer, OfAnAuthorityMismatchNamesIt) {
  const LocalAnswer answer = authority_mismatch();
  EXPECT_EQ(answer.status, 403U);
  EXPECT_EQ(answer.body,
            R"({"error":"request_authority_mismatch","message":"HTTP request authority does not )"
            R"(match the authorized tunnel endpoint"})");
}

TEST(RuleDenial, HasTheMembersInOrderAndThePolicyField) {
  RuleDenial denial;
  denial.policy = "api";
  denial.method = "POST";
  denial.path = "/x";
  denial.detail = "POST /x not permitted by policy";
  denial.host = "a.test";
  denial.port = 443;
  denial.binary = "/usr/bin/curl";
  const LocalAnswer answer = rule_denial(denial);
  EXPECT_EQ(answer.body,
            R"({"binary":"/usr/bin/curl","detail":"POST /x not permitted by policy",)"
            R"("error":"policy_denied","host":"a.test","layer":"l7","method":"POST",)"
            R"("next_steps":[],"path":"/x","policy":"api","port":443,"protocol":"rest",)"
            R"("rule":"POST /x","rule_missing":{"binary":"/usr/bin/curl","host":"a.test",)"
            R"("layer":"l7","method":"POST","path":"/x","port":443,"type":"rest_allow"}})");
  EXPECT_NE(to_bytes(answer).find("\r\nX-OpenShell-Policy: api\r\nConnection: close\r\n\r\n{"),
            std::string::npos);
}

TEST(RuleDenial, CantBeMadeToWriteAFieldOfItsOwn) {
  RuleDenial denial;
  denial.policy = "a\r\nX-Evil: 1";
  EXPECT_EQ(to_bytes(rule_denial(denial)).find("X-Evil: 1\r\n"), std::string::npos);
}

TEST(JsonString, EscapesAndStaysUtf8) {
  EXPECT_EQ(json_string("a\"\\\n\xC3\xA9"), "\"a\\\"\\\\\\n\xC3\xA9\"");
  EXPECT_EQ(json_string("a\xFF"), "\"a?\"");
}

TEST(ReasonPhrase, IsUnknownForWhatHasNone) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(529), "Unknown");
}

}  // namespace
}  // namespace sallyport::http
