// What all intercepted connections share: one SSL_CTX with the leaves' key and the authority's
// certificate. TLS 1.2 or later, X25519 before P-256, no tickets, `http/1.1` the only protocol.
#pragma once

#include "reference/tls/authority.h"

namespace sallyport::tls {

class ServerContext {
 public:
  // TlsErrc::library_failed.
  [[nodiscard]] static base::Result<ServerContext> create(const Authority& authority);
  [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit ServerContext(ContextPtr context) : context_(std::move(context)) {}
  ContextPtr context_;
};

}  // namespace sallyport::tls
