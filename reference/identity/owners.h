// From the processes that hold a socket to the one program that they are, if they are one. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/identity/identity.h"

namespace sallyport::identity {

// `owners`: every process that holds the socket. They are one program if their executables and
// ancestors are the same, and that of the lowest pid stands for all.
[[nodiscard]] Found choose_owner(std::uint64_t socket_inode, std::vector<policy::Program> owners);

// `failed to resolve peer binary: WHY`.
[[nodiscard]] Found unresolved(const std::string& why);

}  // namespace sallyport::identity
