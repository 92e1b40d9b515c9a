// Whom the resolver asks: the config's servers, or those of /etc/resolv.conf.
#pragma once

#include <vector>

#include "reference/net/address.h"
#include "reference/supervisor/config.h"

namespace sallyport::supervisor {

// What the config says; without a word there, what /etc/resolv.conf says now. May be empty.
[[nodiscard]] std::vector<net::Endpoint> name_servers(const ResolverConfig& config);

}  // namespace sallyport::supervisor
