#include "reference/rpc/target.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

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

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), &::BIO_free);
  EXPECT_EQ(write(out.get()), 1);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// A certificate that signs itself, and its key.
struct Made {
  Made() {
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> pair(::EVP_EC_gen("P-256"),
                                                                     &::EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&::X509_free)> one(::X509_new(), &::X509_free);
    ::X509_gmtime_adj(::X509_getm_notBefore(one.get()), 0);
    ::X509_gmtime_adj(::X509_getm_notAfter(one.get()), 3600);
    ::X509_set_pubkey(one.get(), pair.get());
    ::X509_sign(one.get(), pair.get(), ::EVP_sha256());
    certificate = pem_of([&](BIO* out) { return ::PEM_write_bio_X509(out, one.get()); });
    key = pem_of([&](BIO* out) {
      return ::PEM_write_bio_PrivateKey(out, pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string certificate, key;
};

TEST(Certificates, AreWrittenAnewWithoutTheWordsAroundThem) {
  const std::string one = Made().certificate;
  const std::string two = Made().certificate;
  EXPECT_EQ(certificates_of(one), one);
  EXPECT_EQ(certificates_of("the root\n" + one + "password: alpha\n" + two + "\n\n"), one + two);
}

TEST(Certificates, AreRefusedBesideAnythingElse) {
  const Made made;
  const std::string other = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
  for (const std::string& block : {made.key, other}) {
    EXPECT_FALSE(certificates_of(block));
    EXPECT_FALSE(certificates_of(made.certificate + block));
    EXPECT_FALSE(certificates_of(block + made.certificate));
  }
}

TEST(Certificates, AreRefusedWhereOneIsCutOrNone) {
  const std::string sound = Made().certificate;
  EXPECT_FALSE(certificates_of(sound + sound.substr(0, sound.size() / 2)));
  EXPECT_FALSE(
      certificates_of(sound + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
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
