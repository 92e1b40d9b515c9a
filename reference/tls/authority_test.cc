#include "reference/tls/authority.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>

namespace sallyport::tls {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

std::string field(X509* certificate, int nid) {
  char text[256]{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, text, sizeof text);
  return text;
}

int compare(const ASN1_TIME* time, std::int64_t ms) {
  return ASN1_TIME_cmp_time_t(time, static_cast<std::time_t>(ms / 1000));
}

TEST(Authority, NamesItselfAsTheFieldSystemDoes) {
  const auto authority = Authority::create(kNow).value();
  EXPECT_EQ(field(authority.certificate(), NID_commonName), "OpenShell Sandbox CA");
  EXPECT_EQ(field(authority.certificate(), NID_organizationName), "OpenShell");
  EXPECT_EQ(X509_check_ca(authority.certificate()), 1);
}

TEST(Authority, IsValidFromADayBeforeTheHandedInClock) {
  const auto authority = Authority::create(kNow).value();
  const X509* certificate = authority.certificate();
  EXPECT_EQ(compare(X509_get0_notBefore(certificate), kNow - 86'400'000), 0);
  EXPECT_EQ(compare(X509_get0_notAfter(certificate), kNow + 397LL * 86'400'000), 0);
}

TEST(Authority, ShowsItsPublicCertificateAlone) {
  const auto authority = Authority::create(kNow).value();
  EXPECT_TRUE(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(authority.pem().find("PRIVATE"), std::string::npos);
}

TEST(Authority, TwoOfThemShareNothing) {
  EXPECT_NE(Authority::create(kNow).value().pem(), Authority::create(kNow).value().pem());
}

TEST(Mint, MakesALeafForADnsName) {
  const auto authority = Authority::create(kNow).value();
  const Leaf leaf = authority.mint("api.openai.com").value();
  EXPECT_EQ(X509_check_host(leaf.get(), "api.openai.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "openai.com", 0, 0, nullptr), 0);
  EXPECT_EQ(field(leaf.get(), NID_commonName), "api.openai.com");
  EXPECT_EQ(X509_verify(leaf.get(), X509_get0_pubkey(authority.certificate())), 1);
  EXPECT_EQ(X509_check_ca(leaf.get()), 0);
  EXPECT_EQ(X509_check_purpose(leaf.get(), X509_PURPOSE_SSL_SERVER, 0), 1);
  EXPECT_EQ(X509_check_purpose(leaf.get(), X509_PURPOSE_SSL_CLIENT, 0), 0);
}

TEST(Mint, MakesALeafForAnAddress) {
  const auto authority = Authority::create(kNow).value();
  const Leaf v4 = authority.mint("10.0.0.1").value();
  EXPECT_EQ(X509_check_ip_asc(v4.get(), "10.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(v4.get(), "10.0.0.2", 0), 0);
  const Leaf v6 = authority.mint("2001:db8::1").value();
  EXPECT_EQ(X509_check_ip_asc(v6.get(), "2001:db8:0::1", 0), 1);
}

TEST(Mint, CarriesANameThatIsTooLongForTheCommonName) {
  const auto authority = Authority::create(kNow).value();
  const std::string host = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  const Leaf leaf = authority.mint(host).value();
  EXPECT_EQ(X509_check_host(leaf.get(), host.c_str(), 0, 0, nullptr), 1);
  EXPECT_EQ(field(leaf.get(), NID_commonName), "");
}

TEST(Mint, RefusesWhatIsNoLowerCasedHost) {
  const auto authority = Authority::create(kNow).value();
  for (const std::string& host :
       {std::string(), std::string("a b"), std::string("a\0b", 3), std::string("Upper.example"),
        std::string("a,DNS:b"), std::string("*.example"), std::string("DNS:b"),
        std::string(254, 'a'), std::string("[::1]"), std::string("caf\xc3\xa9.example")}) {
    const auto leaf = authority.mint(host);
    ASSERT_TRUE(leaf.has_error()) << host;
    EXPECT_EQ(leaf.error(), TlsErrc::bad_host);
  }
}

TEST(Mint, NeverRepeatsASerial) {
  const auto authority = Authority::create(kNow).value();
  const Leaf first = authority.mint("a.example").value();
  const Leaf second = authority.mint("a.example").value();
  EXPECT_NE(
      ASN1_INTEGER_cmp(X509_get0_serialNumber(first.get()), X509_get0_serialNumber(second.get())),
      0);
}

}  // namespace
}  // namespace sallyport::tls
