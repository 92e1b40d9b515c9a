// What all upstream connections share: one SSL_CTX with the roots that we trust. TLS 1.2 or later,
// certificate and host always verified, `http/1.1` offered.
#pragma once

#include <string>

#include "reference/tls/openssl_ptr.h"
#include "reference/tls/tls_errors.h"

namespace sallyport::tls {

// PEM files; an empty path for none. Both empty trusts nobody.
struct ClientTrust {
  // system_bundle_path() of trust.h, in the product. Read when the first upstream is met: some 140
  // roots take OpenSSL longer to parse than all the rest of a start.
  std::string system_bundle;
  std::string extra_bundle;  // the operator's own roots, in addition; read at once
};

class ClientContext {
 public:
  // TlsErrc::bad_bundle when the extra file can't be read or has no certificate.
  [[nodiscard]] static base::Result<ClientContext> create(const ClientTrust& trust);
  // With all roots. Null when the system's can't be read: no connection is made then. Tried again
  // at each call until it succeeds.
  [[nodiscard]] ssl_ctx_st* native() const;

 private:
  ClientContext(ContextPtr context, std::string system_bundle)
      : context_(std::move(context)), unread_bundle_(std::move(system_bundle)) {}
  ContextPtr context_;
  mutable std::string unread_bundle_;  // empty once it was read; a cache, not a change
};

}  // namespace sallyport::tls
