#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "reference/net/io.h"
#include "reference/tls/leaf_cache.h"
#include "reference/tls/tls_pair.h"

namespace sallyport::tls {
namespace {

using Kind = HandshakeFailure::Kind;

class Handshake : public TlsTest {};

TEST_F(Handshake, SucceedsForTheHostOfTheLeaf) {
  shake("api.example", "api.example");
  ASSERT_TRUE(served.has_value());
  ASSERT_TRUE(connected.has_value());
  EXPECT_EQ(client_end().version(), "TLSv1.3");
  EXPECT_EQ(client_end().alpn(), "http/1.1");
  EXPECT_EQ(server_end().alpn(), "http/1.1");
  EXPECT_EQ(client_end().deadline(), base::TimePoint::max());
  EXPECT_EQ(client_failure.kind, Kind::none);
}

TEST_F(Handshake, SucceedsForAnAddress) {
  shake("10.0.0.1", "10.0.0.1");
  EXPECT_TRUE(connected.has_value());
}

TEST_F(Handshake, RefusesALeafOfAnotherHost) {
  shake("api.example", "other.example");
  EXPECT_EQ(connected.error(), TlsErrc::handshake_failed);
  EXPECT_EQ(client_failure.kind, Kind::unverified);
  EXPECT_EQ(client_failure.text, "hostname mismatch");
}

TEST_F(Handshake, RefusesALeafOfAnotherAddress) {
  shake("10.0.0.2", "10.0.0.1");
  EXPECT_EQ(client_failure.kind, Kind::unverified);
  EXPECT_EQ(client_failure.text, "IP address mismatch");
}

TEST_F(Handshake, RefusesAnUnknownAuthorityAndTellsTheServer) {
  client = trusting(Authority::create(t.clock.wall_ms()).value());
  shake("api.example", "api.example");
  EXPECT_EQ(client_failure.kind, Kind::unverified);
  EXPECT_FALSE(client_failure.text.empty());
  EXPECT_TRUE(served.has_error());
  EXPECT_EQ(server_failure.kind, Kind::protocol);
  EXPECT_NE(server_failure.text.find("alert"), std::string::npos) << server_failure.text;
}

TEST_F(Handshake, RefusesAnExpiredLeaf) {
  authority = Authority::create(0).value();
  server = ServerContext::create(authority).value();
  client = trusting(authority);
  shake("api.example", "api.example");
  EXPECT_EQ(client_failure.kind, Kind::unverified);
  EXPECT_EQ(client_failure.text, "certificate has expired");
}

TEST_F(Handshake, RefusesAClientThatOnlySpeaksHttp2) {
  const unsigned char h2[] = {2, 'h', '2'};
  ASSERT_EQ(SSL_CTX_set_alpn_protos(client.native(), h2, sizeof h2), 0);
  shake("api.example", "api.example");
  EXPECT_TRUE(served.has_error());
  EXPECT_EQ(client_failure.kind, Kind::protocol);
  EXPECT_NE(client_failure.text.find("no application protocol"), std::string::npos);
}

TEST_F(Handshake, ChoosesHttp11WhereHttp2IsOfferedToo) {
  const unsigned char both[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  ASSERT_EQ(SSL_CTX_set_alpn_protos(client.native(), both, sizeof both), 0);
  shake("api.example", "api.example");
  ASSERT_TRUE(connected.has_value());
  EXPECT_EQ(client_end().alpn(), "http/1.1");
}

TEST_F(Handshake, SaysNothingOfProtocolsToAClientWithoutAlpn) {
  ASSERT_EQ(SSL_CTX_set_alpn_protos(client.native(), nullptr, 0), 0);
  shake("api.example", "api.example");
  ASSERT_TRUE(connected.has_value());
  EXPECT_EQ(client_end().alpn(), "");
  EXPECT_EQ(server_end().alpn(), "");
}

TEST_F(Handshake, WorksWithTls12AndRefusesTls11) {
  SSL_CTX_set_max_proto_version(client.native(), TLS1_2_VERSION);
  shake("api.example", "api.example");
  ASSERT_TRUE(connected.has_value());
  EXPECT_EQ(client_end().version(), "TLSv1.2");
  SSL_CTX_set_min_proto_version(client.native(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(client.native(), TLS1_1_VERSION);
  shake("api.example", "api.example");
  EXPECT_TRUE(connected.has_error());
}

TEST_F(Handshake, TellsBytesThatAreNotTls) {
  auto [a, b] = make_sockets(t);
  ASSERT_TRUE(t.run(net::write_all(*b, "GET / HTTP/1.1\r\n\r\n")).has_value());
  t.run(serve(*this, std::move(a), "api.example"));
  EXPECT_EQ(served.error(), TlsErrc::handshake_failed);
  EXPECT_EQ(server_failure.kind, Kind::protocol);
}

TEST_F(Handshake, TellsAPeerThatLeaves) {
  auto [a, b] = make_sockets(t);
  b->close();
  t.run(serve(*this, std::move(a), "api.example"));
  EXPECT_TRUE(served.has_error());
  EXPECT_EQ(server_failure.kind, Kind::disconnected);
  EXPECT_FALSE(server_failure.text.empty());
}

TEST_F(Handshake, EndsAtTheDeadlineWhenThePeerIsSilent) {
  auto [a, b] = make_sockets(t);
  const auto result =
      t.run(connect_tls(std::move(a), client, "api.example", t.in(20), client_failure));
  EXPECT_EQ(result.error(), boost::system::errc::timed_out);
  EXPECT_EQ(client_failure.kind, Kind::timed_out);
}

TEST_F(Handshake, UsesOneCachedLeafForManyConnections) {
  LeafCache cache(authority, 4);
  for (int i = 0; i < 3; ++i) {
    shake("api.example", "api.example");
    ASSERT_TRUE(connected.has_value());
    ASSERT_TRUE(cache.get("api.example").has_value());
  }
  EXPECT_EQ(cache.minted(), 1U);
}

}  // namespace
}  // namespace sallyport::tls
