// How a program tells who started it that it serves, and where: one line of JSON on a descriptor
// that it was given. The same for supervisor and gateway, so that one harness reads both.
#pragma once

#include <span>
#include <string>

#include "reference/net/address.h"

namespace sallyport::net {

// {"ready":true,"listen":[...],"pid":N}, without the line's end.
[[nodiscard]] std::string readiness_line(std::span<const Endpoint> listen, int pid);

// One write; the descriptor stays open. Nothing on success, else what failed.
[[nodiscard]] std::string announce(int fd, const std::string& line);

}  // namespace sallyport::net
