// `sallyport middleware ...` is `sallyport-middleware ...`: a program of its own beside this one,
// so that gRPC stays out of this one.
#pragma once

#include <string>
#include <vector>

namespace sallyport::sim::app {

// Becomes that program; returns only when it isn't there: exit code 4.
[[nodiscard]] int middleware(const std::vector<std::string>& arguments);

}  // namespace sallyport::sim::app
