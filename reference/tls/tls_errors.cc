#include "reference/tls/tls_errors.h"

#include <string>

// Boost's base class has no virtual destructor on purpose: categories are never deleted.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::tls {
namespace {

class TlsCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.tls"; }
  std::string message(int value) const override {
    switch (static_cast<TlsErrc>(value)) {
      case TlsErrc::library_failed:
        return "OpenSSL failed";
      case TlsErrc::bad_host:
        return "no certificate can be made for this host";
      case TlsErrc::bad_bundle:
        return "not a bundle of CA certificates in PEM";
      case TlsErrc::write_failed:
        return "the CA files can't be written";
      case TlsErrc::handshake_failed:
        return "the TLS handshake failed";
    }
    return "unknown TLS error";
  }
};

}  // namespace

const boost::system::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

base::Error make_error_code(TlsErrc errc) { return {static_cast<int>(errc), tls_category()}; }

}  // namespace sallyport::tls
