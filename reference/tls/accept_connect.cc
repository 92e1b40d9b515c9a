#include "reference/tls/accept_connect.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>

#include "reference/net/io.h"
#include "reference/tls/tls_stream.h"

namespace sallyport::tls {
namespace {

using Kind = HandshakeFailure::Kind;
using net::Ready;
using net::Task;

using StreamResult = base::Result<std::unique_ptr<net::ByteStream>>;

base::Error fail(HandshakeFailure& failure, Kind kind, std::string text) {
  failure.kind = kind;
  failure.text = std::move(text);
  return TlsErrc::handshake_failed;
}

base::Error library_failed(HandshakeFailure& failure) {
  ERR_clear_error();
  return fail(failure, Kind::library, "OpenSSL failed");
}

// Why a handshake step failed for good: `kind` is SSL_get_error's, `number` errno's.
base::Error explain(SSL* ssl, int kind, int number, HandshakeFailure& failure) {
  const unsigned long code = ERR_peek_error();
  const long verified = SSL_get_verify_result(ssl);
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    ERR_clear_error();
    return fail(failure, Kind::unverified, X509_verify_cert_error_string(verified));
  }
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  if (kind == SSL_ERROR_SYSCALL && number != 0) {
    const base::Error error(number, boost::system::system_category());
    fail(failure, Kind::disconnected, error.message());
    return error;
  }
  if (kind != SSL_ERROR_SSL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return fail(failure, Kind::disconnected, "the peer ended the connection");
  }
  return fail(failure, Kind::protocol, reason != nullptr ? reason : "unknown TLS failure");
}

Task<StreamResult> shake_hands(std::unique_ptr<net::TcpStream> transport, SslPtr ssl,
                               base::TimePoint deadline, HandshakeFailure& failure) {
  failure = HandshakeFailure();
  transport->set_deadline(deadline);
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl.get());
    if (result == 1) break;
    const int number = errno;
    const int kind = SSL_get_error(ssl.get(), result);
    Ready ready = Ready::ready;
    if (kind == SSL_ERROR_WANT_READ) {
      ready = co_await transport->readable();
    } else if (kind == SSL_ERROR_WANT_WRITE) {
      ready = co_await transport->writable();
    } else {
      co_return explain(ssl.get(), kind, number, failure);
    }
    if (ready != Ready::ready) {
      const bool late = ready == Ready::expired;
      fail(failure, late ? Kind::timed_out : Kind::cancelled, late ? "timed out" : "cancelled");
      co_return net::wait_error(ready);
    }
  }
  transport->set_deadline(base::TimePoint::max());
  co_return std::make_unique<TlsStream>(std::move(transport), std::move(ssl));
}

SslPtr make_server(const ServerContext& context, const Leaf& leaf, int socket) {
  SSL_CTX* const shared = context.native();
  if (shared == nullptr) return nullptr;
  SslPtr ssl(SSL_new(shared));
  if (!ssl || SSL_use_certificate(ssl.get(), leaf.get()) != 1 ||
      SSL_set_fd(ssl.get(), socket) != 1) {
    return nullptr;
  }
  SSL_set_accept_state(ssl.get());
  return ssl;
}

SslPtr make_client(const ClientContext& context, const std::string& host, int socket) {
  SslPtr ssl(SSL_new(context.native()));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
  if (net::IpAddress::parse(host)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) return nullptr;
  } else {
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (host.empty() || SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1 ||
        SSL_set1_host(ssl.get(), host.c_str()) != 1) {
      return nullptr;
    }
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace

Task<StreamResult> accept_tls(std::unique_ptr<net::TcpStream> transport,
                              const ServerContext& context, Leaf leaf, base::TimePoint deadline,
                              HandshakeFailure& failure) {
  ERR_clear_error();
  SslPtr ssl = make_server(context, leaf, transport->native_handle());
  if (!ssl) co_return library_failed(failure);
  co_return co_await shake_hands(std::move(transport), std::move(ssl), deadline, failure);
}

Task<StreamResult> connect_tls(std::unique_ptr<net::TcpStream> transport,
                               const ClientContext& context, std::string host,
                               base::TimePoint deadline, HandshakeFailure& failure) {
  ERR_clear_error();
  SslPtr ssl = make_client(context, host, transport->native_handle());
  if (!ssl) co_return library_failed(failure);
  co_return co_await shake_hands(std::move(transport), std::move(ssl), deadline, failure);
}

}  // namespace sallyport::tls
