#include "reference/rpc/errors.h"

#include <string>

// Boost's category has no virtual destructor on purpose: categories are never deleted.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::rpc {
namespace {

class RpcCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.rpc"; }
  std::string message(int value) const override {
    switch (static_cast<RpcErrc>(value)) {
      case RpcErrc::bad_endpoint:
        return "the endpoint is not http://HOST:PORT or https://HOST:PORT";
      case RpcErrc::ca_without_tls:
        return "certificates are trusted for an endpoint without TLS";
      case RpcErrc::bad_ca:
        return "the certificates to trust are no PEM";
      case RpcErrc::token_in_clear:
        return "the token would go over the net in clear: use https://";
    }
    return "unknown rpc error";
  }
};

}  // namespace

const boost::system::error_category& rpc_category() {
  static const RpcCategory kCategory;
  return kCategory;
}

base::Error make_error_code(RpcErrc errc) {
  return base::Error(static_cast<int>(errc), rpc_category());
}

}  // namespace sallyport::rpc
