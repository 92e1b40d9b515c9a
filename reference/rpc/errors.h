// What is wrong with a channel's configuration, as a category of its own. How a call ended is a
// Status (status.h), never one of these.
#pragma once

#include <boost/system/error_code.hpp>

#include "reference/base/result.h"

namespace sallyport::rpc {

enum class RpcErrc {
  bad_endpoint = 1,  // neither http://HOST:PORT nor https://HOST:PORT
  ca_without_tls,    // certificates to trust, for an endpoint without TLS
  bad_ca,            // no certificate in PEM form
  token_in_clear,    // a token, for an http:// endpoint that isn't on loopback
};

[[nodiscard]] const boost::system::error_category& rpc_category();
[[nodiscard]] base::Error make_error_code(RpcErrc errc);

}  // namespace sallyport::rpc

template <>
struct boost::system::is_error_code_enum<sallyport::rpc::RpcErrc> : std::true_type {};
