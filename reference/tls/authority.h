// The sandbox's own certificate authority: made at start, kept in memory, known to the sandbox's
// clients by its public certificate alone. Subject and life follow the field system
// (NVIDIA/OpenShell, l7/tls.rs): CN `OpenShell Sandbox CA`, never persisted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "reference/tls/openssl_ptr.h"
#include "reference/tls/tls_errors.h"

namespace sallyport::tls {

// A minted certificate for one host; its key is the authority's one leaf key. Immutable, shared by
// the cache and the connections that use it.
using Leaf = std::shared_ptr<x509_st>;

class Authority {
 public:
  // P-256 keys for itself and for all its leaves; valid from a day before `wall_ms` (milliseconds
  // since 1970) for 398 days. TlsErrc::library_failed.
  [[nodiscard]] static base::Result<Authority> create(std::int64_t wall_ms);

  // For a lower-cased DNS name (SAN dNSName, CN too if it fits) or an IP address without brackets
  // (SAN iPAddress); serverAuth. TlsErrc::bad_host when the text can be neither.
  [[nodiscard]] base::Result<Leaf> mint(std::string_view host) const;

  // The public certificate.
  [[nodiscard]] const std::string& pem() const { return pem_; }
  // For SSL_CTX: the certificate that completes a leaf's chain, and the leaves' key.
  [[nodiscard]] x509_st* certificate() const { return certificate_.get(); }
  [[nodiscard]] evp_pkey_st* leaf_key() const { return leaf_key_.get(); }

 private:
  Authority() = default;
  KeyPtr key_;
  KeyPtr leaf_key_;
  X509Ptr certificate_;
  std::string pem_;
  std::int64_t made_ms_ = 0;
};

}  // namespace sallyport::tls
