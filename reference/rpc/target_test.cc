#include "reference/rpc/target.h"

#include <gtest/gtest.h>

#include "reference/rpc/errors.h"
#include "reference/rpc/status.h"

namespace sallyport::rpc {
namespace {

TEST(Target, SplitsSchemeFromHostAndPort) {
  const auto plain = parse_target("http://127.0.0.1:50051");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host_port, "127.0.0.1:50051");
  const auto tls = parse_target("https://guard.test:443/");
  ASSERT_TRUE(tls);
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(tls->host_port, "guard.test:443");
  EXPECT_EQ(parse_target("http://[::1]:1")->host_port, "[::1]:1");
}

TEST(Target, RefusesWhatIsNoAddressOfAService) {
  for (const char* const endpoint :
       {"", "guard:1", "grpc://guard:1", "http://guard", "http://:1", "http://guard:",
        "http://guard:0", "http://guard:65536", "http://guard:1x", "http://a@guard:1",
        "http://guard:1/path", "http://guard:1?q", "http://guard:-1", "http://[zz]:1",
        "http://unix:/run/x:1", "HTTP://guard:1", "http://gu ard:1", "http://[]:1"}) {
    EXPECT_EQ(parse_target(endpoint).error(), RpcErrc::bad_endpoint) << endpoint;
  }
}

TEST(Target, TellsCertificatesFromOtherText) {
  EXPECT_FALSE(is_pem_of_certificates(""));
  EXPECT_FALSE(is_pem_of_certificates("no certificate"));
  EXPECT_FALSE(is_pem_of_certificates("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_FALSE(
      is_pem_of_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
}

TEST(Status, NamesEveryCode) {
  EXPECT_EQ(code_name(Code::ok), "OK");
  EXPECT_EQ(code_name(Code::failed_precondition), "FAILED_PRECONDITION");
  EXPECT_EQ(code_name(Code::unauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(code_name(static_cast<Code>(77)), "UNKNOWN");
  EXPECT_EQ(code_name(static_cast<Code>(-1)), "UNKNOWN");
}

}  // namespace
}  // namespace sallyport::rpc
