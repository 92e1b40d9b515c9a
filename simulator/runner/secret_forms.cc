#include "simulator/runner/secret_forms.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport::sim::runner {
namespace {

constexpr std::size_t kLeastSecret = 6;
// Twelve octets at every sixth place: any seventeen successive ones hold such a piece. What keys
// begin with (`sk-canary-`) tells nothing.
constexpr std::size_t kPiece = 12;
constexpr std::size_t kStride = 6;
constexpr std::size_t kPrefix = 10;
constexpr std::size_t kUnpackedMax = 4UL * 1024 * 1024;
constexpr int kLayersMax = 3;
constexpr std::string_view kGzipMagic("\x1f\x8b\x08", 3);

std::string base64(std::string_view bytes, bool url) {
  const std::string alphabet =
      std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") +
      (url ? "-_" : "+/");
  std::string out;
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3) {
    const unsigned group = (static_cast<unsigned char>(bytes[i]) << 16U) |
                           (static_cast<unsigned char>(bytes[i + 1]) << 8U) |
                           static_cast<unsigned char>(bytes[i + 2]);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += alphabet[(group >> shift) & 63U];
  }
  return out;
}

std::string hex(std::string_view bytes, std::string_view digits) {
  std::string out;
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    out.append(1, digits[octet >> 4U]).append(1, digits[octet & 15U]);
  }
  return out;
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// The number that `count` hexadecimal digits at `at` write.
std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  unsigned number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto one = digit(text[at + i]);
    if (!one) return std::nullopt;
    number = number * 16 + *one;
  }
  return number;
}

bool holds(std::string_view text, const std::vector<std::string>& forms) {
  return std::any_of(forms.begin(), forms.end(), [text](const std::string& form) {
    return text.find(form) != std::string_view::npos;
  });
}

// One member that begins at `bytes`; what it held is added to `out`.
void inflate_member(std::string_view bytes, std::string& out) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (::inflateInit2(&stream, kGzipOnly) != Z_OK) return;
  // zlib takes its input without const and doesn't write to it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1UL << 30U));
  std::array<char, 16384> room;
  int state = Z_OK;
  while (state == Z_OK && out.size() < kUnpackedMax) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    state = ::inflate(&stream, Z_SYNC_FLUSH);
    const std::size_t got = room.size() - stream.avail_out;
    out.append(room.data(), std::min(got, kUnpackedMax - out.size()));
    if (got == 0 && stream.avail_in == 0) break;
  }
  ::inflateEnd(&stream);
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto number = text[i] == '%' ? number_at(text, i + 1, 2) : std::nullopt;
    out += number ? static_cast<char>(*number) : text[i];
    if (number) i += 2;
  }
  return out;
}

std::string json_unescaped(std::string_view text) {
  constexpr unsigned kAscii = 0x80;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const auto number = text[i + 1] == 'u' ? number_at(text, i + 2, 4) : std::nullopt;
    if (number && *number < kAscii) {
      out += static_cast<char>(*number);
      i += 5;
    } else if (text[i + 1] == '/' || text[i + 1] == '"' || text[i + 1] == '\\') {
      out += text[++i];
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string gunzipped(std::string_view bytes) {
  std::string out;
  for (std::size_t at = bytes.find(kGzipMagic);
       at != std::string_view::npos && out.size() < kUnpackedMax;
       at = bytes.find(kGzipMagic, at + 1)) {
    inflate_member(bytes.substr(at), out);
  }
  return out;
}

SecretForms::SecretForms(std::string_view secret) {
  if (secret.size() < kLeastSecret) return;
  forms_.emplace_back(secret);
  for (std::size_t skip = 0; skip < 3; ++skip) {
    for (const bool url : {false, true}) {
      std::string encoded = base64(secret.substr(skip), url);
      if (!encoded.empty()) forms_.push_back(std::move(encoded));
    }
  }
  for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
    forms_.push_back(hex(secret, digits));
  }
  for (std::size_t end = secret.size(); end >= kPrefix + kPiece; end -= kStride)
    pieces_.emplace_back(secret.substr(end - kPiece, kPiece));
}

bool SecretForms::in_plain(std::string_view text) const {
  return holds(text, forms_) || holds(text, pieces_);
}

// A layer may be wrapped into another: a JSON text in gzip, say.
bool SecretForms::in_layers(std::string_view text, int depth) const {
  if (in_plain(text)) return true;
  if (depth == kLayersMax) return false;
  if (text.find('%') != std::string_view::npos) {
    const std::string decoded = percent_decoded(text);
    if (decoded != text && in_layers(decoded, depth + 1)) return true;
  }
  if (text.find('\\') != std::string_view::npos) {
    const std::string unescaped = json_unescaped(text);
    if (unescaped != text && in_layers(unescaped, depth + 1)) return true;
  }
  if (text.find(kGzipMagic) == std::string_view::npos) return false;
  const std::string unpacked = gunzipped(text);
  return !unpacked.empty() && in_layers(unpacked, depth + 1);
}

bool SecretForms::in(std::string_view text) const { return !forms_.empty() && in_layers(text, 0); }

}  // namespace sallyport::sim::runner
