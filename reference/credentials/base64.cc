#include "reference/credentials/base64.h"

#include <cstdint>

namespace sallyport::credentials {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char digit : text) {
    const std::size_t value = kAlphabet.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU));
  }
  return out;
}

std::string encode_base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char octet : octets) {
    bits = bits << 8U | static_cast<unsigned char>(octet);
    for (held += 8; held >= 6;) {
      held -= 6;
      out.push_back(kAlphabet[bits >> static_cast<unsigned>(held) & 0x3FU]);
    }
  }
  if (held > 0) out.push_back(kAlphabet[bits << static_cast<unsigned>(6 - held) & 0x3FU]);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

}  // namespace sallyport::credentials
