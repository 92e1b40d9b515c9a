// For tests: runs something in a child with user, mount and network namespaces of its own, as root
// there, and brings back the text that it saw.
#pragma once

#include <functional>
#include <string>

namespace sallyport::linux::testing {

// `exit N` or `signal N` instead when the child didn't come to its end.
[[nodiscard]] std::string in_namespaces(const std::function<std::string()>& observe);

}  // namespace sallyport::linux::testing
