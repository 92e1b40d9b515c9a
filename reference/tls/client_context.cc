#include "reference/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "reference/tls/context_options.h"

namespace sallyport::tls {
namespace {

bool add_roots(SSL_CTX* context, const std::string& bundle) {
  const bool added = SSL_CTX_load_verify_file(context, bundle.c_str()) == 1;
  ERR_clear_error();
  return added;
}

}  // namespace

base::Result<ClientContext> ClientContext::create(const ClientTrust& trust) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context || !set_common_options(context.get())) return TlsErrc::library_failed;
  if (!trust.extra_bundle.empty() && !add_roots(context.get(), trust.extra_bundle)) {
    return TlsErrc::bad_bundle;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Zero is success here, unlike everywhere else in OpenSSL.
  if (SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11) != 0) {
    return TlsErrc::library_failed;
  }
  return ClientContext(std::move(context), trust.system_bundle);
}

ssl_ctx_st* ClientContext::native() const {
  if (!unread_bundle_.empty()) {
    if (!add_roots(context_.get(), unread_bundle_)) return nullptr;
    unread_bundle_.clear();
  }
  return context_.get();
}

}  // namespace sallyport::tls
