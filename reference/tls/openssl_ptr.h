// Owners of OpenSSL's objects, without its headers.
#pragma once

#include <memory>

struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace sallyport::tls {

struct OpensslFree {
  void operator()(evp_pkey_st* key) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
  void operator()(x509_st* certificate) const;
};

using KeyPtr = std::unique_ptr<evp_pkey_st, OpensslFree>;
using ContextPtr = std::unique_ptr<ssl_ctx_st, OpensslFree>;
using SslPtr = std::unique_ptr<ssl_st, OpensslFree>;
using X509Ptr = std::unique_ptr<x509_st, OpensslFree>;

}  // namespace sallyport::tls
