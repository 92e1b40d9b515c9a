// Host and port as a value with one spelling: lower case, no brackets, IPv6 in its canonical form,
// so that policy, the Host field and the dialled name are compared as equal text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/error.h"

namespace sallyport::http {

struct Authority {
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;

  // As Host and the absolute form write it: brackets for IPv6, the port unless it is the default.
  [[nodiscard]] std::string to_string(std::uint16_t default_port) const;
  // host:port, always with the port.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Authority&, const Authority&) = default;
};

// A name (letters, digits, `-`, `_`, dots between labels, perhaps one at the end; at most 253), a
// strict dotted quad, or IPv6 text without brackets. A name whose last label is a number (`127.1`,
// `0x7f000001`) is none of them. Lower-cased; IPv6 becomes canonical.
[[nodiscard]] std::optional<std::string> normal_host(std::string_view text);

// Of a CONNECT target: `host:port` or `[v6]:port`; port 1-65535 in digits, without leading zeros.
// Errors: bad_authority, userinfo.
[[nodiscard]] base::Result<Authority> parse_authority(std::string_view text);

// Of Host or of an absolute target: the port may be absent.
[[nodiscard]] base::Result<Authority> parse_authority(std::string_view text,
                                                      std::uint16_t default_port);

// Whether a Host field or absolute authority means the endpoint that the tunnel was opened for.
[[nodiscard]] bool authority_matches(std::string_view text, std::uint16_t default_port,
                                     const Authority& tunnel);

}  // namespace sallyport::http
