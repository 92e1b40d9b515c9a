// The two handshakes. Both take the transport; it is gone when they fail.
#pragma once

#include <memory>
#include <string>

#include "reference/net/byte_stream.h"
#include "reference/net/tcp.h"
#include "reference/tls/client_context.h"
#include "reference/tls/server_context.h"

namespace sallyport::tls {

struct HandshakeFailure {
  enum class Kind {
    none,
    timed_out,     // the deadline passed
    cancelled,     // the task was cancelled
    disconnected,  // the peer ended or reset the connection; `text` is errno's, or says that
    unverified,    // connect: the certificate or its host; `text` is X.509's reason
    protocol,      // not TLS, no common version or protocol, an alert; `text` is OpenSSL's
    library,       // OpenSSL refused for a reason of ours
  };
  Kind kind = Kind::none;
  std::string text;
};

// Both answer a TlsStream without a deadline, or an error (timed_out, operation_canceled, errno's,
// TlsErrc::handshake_failed) with `failure` set. References must outlive the task.

// As a server, with the leaf of the host that the client asked for.
[[nodiscard]] net::Task<base::Result<std::unique_ptr<net::ByteStream>>> accept_tls(
    std::unique_ptr<net::TcpStream> transport, const ServerContext& context, Leaf leaf,
    base::TimePoint deadline, HandshakeFailure& failure);

// As a client. `host` is a DNS name (sent as SNI) or an IP address without brackets (not sent).
[[nodiscard]] net::Task<base::Result<std::unique_ptr<net::ByteStream>>> connect_tls(
    std::unique_ptr<net::TcpStream> transport, const ClientContext& context, std::string host,
    base::TimePoint deadline, HandshakeFailure& failure);

}  // namespace sallyport::tls
