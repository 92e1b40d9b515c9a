// Base64 (the plain alphabet, with padding), as credentials and vectors are written. Pure; internal
// to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::sim::providers {

[[nodiscard]] std::string to_base64(std::string_view octets);
// Nothing when it is none, or is over 64 KiB.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace sallyport::sim::providers
