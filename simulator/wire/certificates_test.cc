#include "simulator/wire/certificates.h"

#include <gtest/gtest.h>

#include "reference/base/clock.h"

namespace sallyport::sim::wire {
namespace {

TEST(Certificates, GiveAChainOfLeafAndIssuerAndAKey) {
  const auto authority = Authority::make(base::SystemClock().wall_ms());
  EXPECT_NE(authority->ca_pem().find("BEGIN CERTIFICATE"), std::string::npos);
  const Leaf leaf = authority->leaf({"api.test", "20.0.0.1", "::1"}, Defect::none);
  EXPECT_NE(leaf.chain_pem.find(authority->ca_pem()), std::string::npos);
  EXPECT_NE(leaf.key_pem.find("PRIVATE KEY"), std::string::npos);
}

TEST(Certificates, OfAnUnknownIssuerDontNameTheWorldsAuthority) {
  const auto authority = Authority::make(base::SystemClock().wall_ms());
  const Leaf leaf = authority->leaf({"api.test"}, Defect::unknown_issuer);
  EXPECT_EQ(leaf.chain_pem.find(authority->ca_pem()), std::string::npos);
}

TEST(Certificates, OfTwoWorldsDiffer) {
  const auto now = base::SystemClock().wall_ms();
  EXPECT_NE(Authority::make(now)->ca_pem(), Authority::make(now)->ca_pem());
}

}  // namespace
}  // namespace sallyport::sim::wire
