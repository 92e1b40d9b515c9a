// The name servers that a resolv.conf(5) names: for a program whose configuration names none. The
// resolver itself reads no such file.
#pragma once

#include <string_view>
#include <vector>

#include "reference/net/address.h"

namespace sallyport::net {

// The `nameserver` lines, at most the three that the C library asks; port 53. Other lines, and
// addresses with a zone, are passed over.
[[nodiscard]] std::vector<Endpoint> parse_resolv_conf(std::string_view text);

// What /etc/resolv.conf says now; may be empty.
[[nodiscard]] std::vector<Endpoint> system_name_servers();

}  // namespace sallyport::net
