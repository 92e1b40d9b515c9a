// Base64 of RFC 4648, section 4, as the Basic scheme has it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::credentials {

// With padding or without; nothing when it isn't base64.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
// With padding.
[[nodiscard]] std::string encode_base64(std::string_view octets);

}  // namespace sallyport::credentials
