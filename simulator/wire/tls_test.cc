#include "simulator/wire/tls.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::sim::wire {
namespace {

using net::Task;

struct Ends {
  std::unique_ptr<TlsStream> client, server;
  net::testing::FakeStream* client_transport = nullptr;
  net::testing::FakeStream* server_transport = nullptr;
};

class Tls : public ::testing::Test {
 protected:
  Ends make(Defect defect, const TlsClientOptions& options, std::vector<std::string> alpn = {}) {
    auto [a, b] = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
    Ends ends;
    ends.client_transport = a.get();
    ends.server_transport = b.get();
    const Leaf leaf = authority_->leaf({"api.test", "20.0.0.1"}, defect);
    ends.client =
        TlsStream::client(std::move(a), TlsContext::client(authority_->ca_pem()), options);
    ends.server = TlsStream::server(std::move(b), TlsContext::server(leaf, std::move(alpn)));
    ends.client->set_deadline(loop_.in(5000));
    ends.server->set_deadline(loop_.in(5000));
    return ends;
  }

  // Both handshakes; what the client's gave.
  bool shake(Ends& ends) {
    loop_.spawn(shake_server(*ends.server, server_ended_));
    const bool done = loop_.run(ends.client->handshake());
    if (!done) ends.client->close();
    loop_.run_until(server_ended_);
    return done;
  }

  static Task<void> shake_server(TlsStream& server, bool& ended) {
    (void)co_await server.handshake();
    ended = true;
  }

  bool server_ended_ = false;
  net::testing::TestLoop loop_;
  std::unique_ptr<Authority> authority_ = Authority::make(base::SystemClock().wall_ms());
  TlsClientOptions options_{true, "api.test", "api.test", {"http/1.1"}};
};

TEST_F(Tls, CompletesAndTellsWhatWasAgreed) {
  Ends ends = make(Defect::none, options_, {"http/1.1"});
  ASSERT_TRUE(shake(ends));
  EXPECT_EQ(ends.client->facts().verify, X509_V_OK);
  EXPECT_EQ(ends.client->facts().alpn, "http/1.1");
  EXPECT_EQ(ends.client->facts().version, "TLSv1.3");
  EXPECT_EQ(ends.server->facts().sni, "api.test");
  EXPECT_EQ(ends.server->facts().alpn, "http/1.1");
}

TEST_F(Tls, VerifiesAnAddress) {
  options_.name = options_.sni = "20.0.0.1";
  Ends ends = make(Defect::none, options_);
  EXPECT_TRUE(shake(ends));
  EXPECT_EQ(ends.server->facts().sni, "");
}

TEST_F(Tls, RefusesEachDefectByItsOwnCode) {
  const std::pair<Defect, int> rows[] = {
      {Defect::expired, X509_V_ERR_CERT_HAS_EXPIRED},
      {Defect::not_yet_valid, X509_V_ERR_CERT_NOT_YET_VALID},
      {Defect::wrong_name, X509_V_ERR_HOSTNAME_MISMATCH},
      {Defect::unknown_issuer, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
      {Defect::self_signed, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT}};
  for (const auto& [defect, code] : rows) {
    Ends ends = make(defect, options_);
    server_ended_ = false;
    EXPECT_FALSE(shake(ends));
    EXPECT_EQ(ends.client->facts().verify, code);
    EXPECT_EQ(ends.client->facts().failure, "untrusted");
    EXPECT_FALSE(ends.server->facts().done);
    EXPECT_EQ(ends.server->facts().failure, "alert");
  }
}

TEST_F(Tls, TakesAnyCertificateUnverified) {
  options_.verify = false;
  Ends ends = make(Defect::expired, options_);
  EXPECT_TRUE(shake(ends));
  EXPECT_EQ(ends.client->facts().verify, X509_V_ERR_CERT_HAS_EXPIRED);
}

Task<std::string> read_to_end(net::ByteStream& stream, base::Error& end) {
  std::string all;
  std::byte piece[4096];
  while (true) {
    const auto got = co_await net::read_some(stream, piece);
    if (!got) end = got.error();
    if (!got || *got == 0) co_return all;
    all.append(reinterpret_cast<const char*>(piece), *got);
  }
}

Task<void> write_then(net::ByteStream& stream, std::string text, bool notify) {
  (void)co_await net::write_all(stream, text);
  (void)co_await stream.writable();
  if (notify) {
    stream.shutdown_write();
  } else {
    static_cast<TlsStream&>(stream).fin_without_notify();
  }
}

TEST_F(Tls, CarriesMoreThanTheTransportTakesAtOnce) {
  Ends ends = make(Defect::none, options_);
  ASSERT_TRUE(shake(ends));
  const std::string text(1U << 20U, 'x');
  loop_.spawn(write_then(*ends.server, text, true));
  base::Error end;
  EXPECT_EQ(loop_.run(read_to_end(*ends.client, end)), text);
  EXPECT_FALSE(end);
}

TEST_F(Tls, ReportsAnEndWithoutNotice) {
  Ends ends = make(Defect::none, options_);
  ASSERT_TRUE(shake(ends));
  loop_.spawn(write_then(*ends.server, "abc", false));
  base::Error end;
  EXPECT_EQ(loop_.run(read_to_end(*ends.client, end)), "abc");
  EXPECT_EQ(end, net::StreamErrc::truncated);
}

Task<void> say(net::ByteStream& stream, std::string text) {
  (void)co_await net::write_all(stream, text);
  stream.shutdown_write();
}

TEST_F(Tls, TellsWhatIsNotTlsFromAnEndAndFromSilence) {
  for (const auto& [text, failure] :
       {std::pair("HTTP/1.1 400 Bad Request\r\n\r\n", "not_tls"), std::pair("", "eof")}) {
    Ends ends = make(Defect::none, options_);
    loop_.spawn(say(*ends.server_transport, text));
    EXPECT_FALSE(loop_.run(ends.client->handshake()));
    EXPECT_EQ(ends.client->facts().failure, failure);
  }
  Ends ends = make(Defect::none, options_);
  ends.client->set_deadline(loop_.in(20));
  EXPECT_FALSE(loop_.run(ends.client->handshake()));
  EXPECT_EQ(ends.client->facts().failure, "expired");
}

TEST_F(Tls, EndsWellOrAsAFailureWhicheverStepFails) {
  for (std::uint64_t step = 0; step < 200; ++step) {
    Ends ends = make(Defect::none, options_);
    net::testing::Faults faults;
    faults.fail_at = step;
    ends.client_transport->set_faults(faults);
    server_ended_ = false;
    if (shake(ends)) return;
    EXPECT_NE(ends.client->facts().failure, "");
  }
  FAIL() << "never succeeded";
}

}  // namespace
}  // namespace sallyport::sim::wire
