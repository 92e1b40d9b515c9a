// Services over TLS: who isn't who the registration says is refused when it is to describe itself,
// so that on_error decides. And proxies of the environment aren't asked.
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include <fstream>

#include "reference/middleware/chain.h"
#include "reference/middleware/testing/grpc_service.h"
#include "reference/net/testing/run.h"
#include "reference/tls/authority.h"

namespace sallyport::middleware {
namespace {

using testing::Server;

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), &::BIO_free);
  EXPECT_EQ(write(out.get()), 1);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

tls::Authority authority(std::int64_t days_ago = 0) {
  return tls::Authority::create(base::SystemClock().wall_ms() - days_ago * kDayMs).value();
}

std::shared_ptr<grpc::ServerCredentials> credentials(const tls::Authority& by,
                                                     const std::string& host) {
  const tls::Leaf leaf = by.mint(host).value();
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  pair.private_key = pem_of([&](BIO* out) {
    return ::PEM_write_bio_PrivateKey(out, by.leaf_key(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  pair.cert_chain = pem_of([&](BIO* out) { return ::PEM_write_bio_X509(out, leaf.get()); });
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(pair);
  return grpc::SslServerCredentials(options);
}

// The authority that this process's system trusts, for gRPC reads its roots once in a process.
const tls::Authority& system_authority() {
  static const tls::Authority kAuthority = [] {
    tls::Authority made = authority();
    const std::string path = ::testing::TempDir() + "system-roots.pem";
    std::ofstream(path) << made.pem();
    ::setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", path.c_str(), 1);
    return made;
  }();
  return kAuthority;
}

class GrpcStageTls : public ::testing::Test {
 protected:
  GrpcStageTls() {
    system_authority();
    policy::Middleware one;
    one.key = one.name = "entry";
    one.implementation = "guard";
    one.config_json = "{}";
    one.endpoints.include.push_back(*policy::SelectorPattern::parse("**"));
    policy_.network_middlewares.push_back(std::move(one));
  }
  Built build(Registration registration) {
    std::vector<Registration> all;
    all.push_back(std::move(registration));
    return loop_.run(build_registry(loop_.executor(), loop_.clock, std::move(all), nullptr));
  }
  ChainResult ask(const Built& built) {
    const std::vector<Link> chain = select_chain(policy_, *built.registry, "a.com");
    return loop_.run(evaluate_chain(chain, ChainRequest(), loop_.clock, kChainBudget));
  }
  // As a service that can't be reached, for which each entry's on_error decides.
  void expect_refused(const Registration& registration) {
    const Built built = build(registration);
    ASSERT_EQ(built.refused.size(), 1U);
    EXPECT_EQ(built.refused[0].reason,
              "middleware registration 'guard' Describe failed: UNAVAILABLE");
    EXPECT_EQ(built.refused[0].again, Again::soon);
    policy_.network_middlewares[0].on_error = policy::OnError::fail_closed;
    EXPECT_EQ(ask(built).reason, "middleware_failed: binding_not_described");
    policy_.network_middlewares[0].on_error = policy::OnError::fail_open;
    EXPECT_EQ(ask(built).verdict, ChainResult::Verdict::allow);
  }

  net::testing::TestLoop loop_;
  policy::Policy policy_;
};

TEST_F(GrpcStageTls, TrustsTheCaOfTheRegistration) {
  const tls::Authority ours = authority();
  Server server(credentials(ours, "127.0.0.1"));
  Registration registration = server.registration();
  registration.ca_pem = ours.pem();
  const Built built = build(registration);
  ASSERT_TRUE(built.refused.empty()) << built.refused[0].reason;
  EXPECT_EQ(ask(built).verdict, ChainResult::Verdict::allow);
}

TEST_F(GrpcStageTls, TrustsTheSystemsRootsWhereTheRegistrationHasNone) {
  Server server(credentials(system_authority(), "127.0.0.1"));
  const Built built = build(server.registration());
  ASSERT_TRUE(built.refused.empty()) << built.refused[0].reason;
  EXPECT_EQ(ask(built).verdict, ChainResult::Verdict::allow);
}

TEST_F(GrpcStageTls, TrustsTheSystemsRootsNoMoreWhereTheRegistrationHasItsOwn) {
  Server server(credentials(system_authority(), "127.0.0.1"));
  Registration registration = server.registration();
  registration.ca_pem = authority().pem();
  expect_refused(registration);
}

TEST_F(GrpcStageTls, RefusesACertificateOfAnotherAuthority) {
  Server server(credentials(authority(), "127.0.0.1"));
  expect_refused(server.registration());
}

TEST_F(GrpcStageTls, RefusesACertificateThatHasExpired) {
  const tls::Authority old = authority(400);
  Server server(credentials(old, "127.0.0.1"));
  Registration registration = server.registration();
  registration.ca_pem = old.pem();
  expect_refused(registration);
}

TEST_F(GrpcStageTls, RefusesACertificateForAnotherHost) {
  const tls::Authority ours = authority();
  for (const std::string& host : {std::string("guard.test"), std::string("127.0.0.2")}) {
    Server server(credentials(ours, host));
    Registration registration = server.registration();
    registration.ca_pem = ours.pem();
    expect_refused(registration);
  }
}

TEST_F(GrpcStageTls, RefusesAServiceThatSpeaksInClear) {
  Server server;
  Registration registration = server.registration();
  registration.endpoint.replace(0, 4, "https");
  registration.ca_pem = authority().pem();
  expect_refused(registration);
}

TEST_F(GrpcStageTls, SaysNothingInClearToAServiceThatSpeaksTls) {
  Server server(credentials(authority(), "127.0.0.1"));
  Registration registration = server.registration();
  registration.endpoint.replace(0, 5, "http");
  expect_refused(registration);
  EXPECT_EQ(server.service.described, 0);
}

// Variables of the environment for as long as it lives.
class Variables {
 public:
  explicit Variables(const std::string& value) {
    for (const char* const name : kNames) ::setenv(name, value.c_str(), 1);
  }
  ~Variables() {
    for (const char* const name : kNames) ::unsetenv(name);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  static constexpr const char* kNames[] = {"http_proxy", "https_proxy", "grpc_proxy", "all_proxy",
                                           "HTTP_PROXY", "HTTPS_PROXY", "GRPC_PROXY", "ALL_PROXY"};
};

TEST_F(GrpcStageTls, AsksNoProxyOfTheEnvironment) {
  // Nobody listens there: who asked it would reach no service.
  const Variables proxies("http://127.0.0.1:1");
  Server clear;
  EXPECT_TRUE(build(clear.registration()).refused.empty());
  const tls::Authority ours = authority();
  Server server(credentials(ours, "127.0.0.1"));
  Registration registration = server.registration();
  registration.ca_pem = ours.pem();
  EXPECT_TRUE(build(registration).refused.empty());
}

}  // namespace
}  // namespace sallyport::middleware
