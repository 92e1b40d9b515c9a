// Whom the resolver asks: the config's servers, or those of /etc/resolv.conf.
#pragma once

#include <string_view>
#include <vector>

#include "reference/net/address.h"
#include "reference/supervisor/config.h"

namespace sallyport::supervisor {

// The `nameserver` lines of a resolv.conf(5), at most the three that the C library asks; port 53.
// Other lines, and addresses with a zone, are passed over.
[[nodiscard]] std::vector<net::Endpoint> parse_resolv_conf(std::string_view text);

// What the config says; without a word there, what /etc/resolv.conf says now. May be empty.
[[nodiscard]] std::vector<net::Endpoint> name_servers(const ResolverConfig& config);

}  // namespace sallyport::supervisor
