#include "reference/tls/openssl_ptr.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sallyport::tls {

void OpensslFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void OpensslFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void OpensslFree::operator()(ssl_st* connection) const { SSL_free(connection); }
void OpensslFree::operator()(x509_st* certificate) const { X509_free(certificate); }

}  // namespace sallyport::tls
