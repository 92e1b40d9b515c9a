// The environment of further commands on its way from a supervisor to its sandbox's keeper: in a
// file without a name, since it may be larger than any message.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/unique_fd.h"

namespace sallyport::sandbox {

// Over it no command could be started anyway.
inline constexpr std::size_t kEnvironmentBytesMax = 4UL * 1024 * 1024;

// The lines (NAME=VALUE, without NUL) as a file to be sent along. None when they are too much, or
// the machine has no memory for them.
[[nodiscard]] base::UniqueFd hand_out_environment(const std::vector<std::string>& lines);
// Nothing when it isn't one, whole.
[[nodiscard]] std::optional<std::vector<std::string>> take_environment(int file);

}  // namespace sallyport::sandbox
