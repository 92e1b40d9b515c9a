// Errors of the module, apart from those of a running stream (net::StreamErrc) and of a handshake
// (HandshakeFailure).
#pragma once

#include "reference/base/result.h"

namespace sallyport::tls {

enum class TlsErrc {
  // OpenSSL refused: out of memory, or a library without P-256.
  library_failed = 1,
  // Not a host name or address that a certificate can carry. The client's connection is closed.
  bad_host,
  // A CA bundle is missing or holds no certificate. The program doesn't start.
  bad_bundle,
  // A file of the client's trust couldn't be written. The program doesn't start.
  write_failed,
  // A handshake failed; HandshakeFailure says how.
  handshake_failed,
};
[[nodiscard]] const boost::system::error_category& tls_category();
[[nodiscard]] base::Error make_error_code(TlsErrc errc);

}  // namespace sallyport::tls

template <>
struct boost::system::is_error_code_enum<sallyport::tls::TlsErrc> : std::true_type {};
