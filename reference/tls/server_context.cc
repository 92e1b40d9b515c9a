#include "reference/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "reference/tls/context_options.h"

namespace sallyport::tls {
namespace {

// Only called when the client sent ALPN. Without common protocol: no_application_protocol.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof kHttp11, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

base::Result<ServerContext> ServerContext::create(const Authority& authority) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_common_options(context.get())) return TlsErrc::library_failed;
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  // The leaf comes with each connection; its key and the rest of its chain are these.
  if (SSL_CTX_set_num_tickets(context.get(), 0) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), authority.leaf_key()) != 1 ||
      X509_up_ref(authority.certificate()) != 1) {
    return TlsErrc::library_failed;
  }
  if (SSL_CTX_add_extra_chain_cert(context.get(), authority.certificate()) != 1) {
    X509_free(authority.certificate());
    return TlsErrc::library_failed;
  }
  return ServerContext(std::move(context));
}

}  // namespace sallyport::tls
