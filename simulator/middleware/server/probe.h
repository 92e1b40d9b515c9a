// Whether somebody serves the contract at an address: asks it for its description until it has one.
// Includes no header of gRPC's.
#pragma once

#include "reference/net/address.h"

namespace sallyport::sim::middleware::server {

// Blocks until a Describe at `at` was answered, however long nobody listens there: the caller is
// killed who wants a bound. Then `{"port": N}` and a newline go to `ready_fd`, unless it is -1, and
// 0 comes back; 1 when the answer was an error, which is told on stderr.
[[nodiscard]] int probe(const net::Endpoint& at, int ready_fd);

}  // namespace sallyport::sim::middleware::server
