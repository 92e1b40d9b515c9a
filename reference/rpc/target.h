// The endpoint of a remote service, as registrations write it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace sallyport::rpc {

struct Target {
  bool tls = false;
  std::string host_port;  // as written: HOST:PORT, an IPv6 address in brackets
};

// http://HOST:PORT or https://HOST:PORT, with nothing after the port but at most one slash.
// RpcErrc::bad_endpoint for anything else: user information, a path, no port, port 0.
[[nodiscard]] base::Result<Target> parse_target(std::string_view endpoint);

// Whether what is said to it can be read on the way: http://, to elsewhere than this machine.
[[nodiscard]] bool is_exposed(const Target& target);

// The certificates of `pem`, written anew: no word around them, and nothing else. Nothing where
// there is none, one is malformed, or a block is anything but a certificate.
[[nodiscard]] std::optional<std::string> certificates_of(std::string_view pem);
[[nodiscard]] inline bool is_pem_of_certificates(std::string_view pem) {
  return certificates_of(pem).has_value();
}

}  // namespace sallyport::rpc
