// What the server's and the client's SSL_CTX have in common. Inside the module only.
#pragma once

#include <openssl/ssl.h>

namespace sallyport::tls {

// Versions, groups, and the modes that keep an idle connection small; see design of tls_stream.h.
[[nodiscard]] inline bool set_common_options(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // One read for a record, not one for its head and one for its body.
  SSL_CTX_set_read_ahead(context, 1);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1;
}

// ALPN's wire form of the one protocol that we speak (NVIDIA/OpenShell, l7/tls.rs).
inline constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

}  // namespace sallyport::tls
