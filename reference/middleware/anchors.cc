#include "reference/middleware/anchors.h"

#include <algorithm>

#include "reference/middleware/octets.h"

namespace sallyport::middleware {
namespace {

constexpr std::size_t kTokenTailMin = 16;
constexpr std::string_view kTokenStart = "sk-";

struct Three {
  Block a, b, c;  // the octets of sixteen places, of those after them, and of those after these
};

Mask may_be_tokens(const Three& at) { return (at.a == 's') & (at.b == 'k') & (at.c == '-'); }

// By their first three letters. Setting the bit folds the case. The long s is 0xC5 0xBF.
Mask may_be_keywords(const Three& raw) {
  const Three at{raw.a | 0x20, raw.b | 0x20, raw.c | 0x20};
  const Mask secret =
      ((at.a == 's') & (at.b == 'e') & (at.c == 'c')) | ((raw.a == 0xC5) & (raw.b == 0xBF));
  const Mask password = (at.a == 'p') & (at.b == 'a') & ((at.c == 's') | (raw.c == 0xC5));
  const Mask api = (at.b == 'p') & (at.c == 'i');
  const Mask access = (at.b == 'c') & (at.c == 'c');
  return secret | password | ((at.a == 'a') & (api | access));
}

constexpr std::array<bool, 256> kTokenOctets = [] {
  std::array<bool, 256> octets{};
  for (unsigned c = 0; c < 128; ++c) {
    octets[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '-';
  }
  return octets;
}();

std::uint64_t eight(const char* at) {
  std::uint64_t octets = 0;
  std::memcpy(&octets, at, sizeof octets);
  return octets;
}

constexpr std::uint64_t word(std::string_view letters) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(letters[i])} << (8 * i);
  }
  return value;
}

// Whether it begins with the letters. `folded` has its case bits set.
constexpr bool begins(std::uint64_t folded, std::string_view letters) {
  const std::uint64_t mask =
      letters.size() == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * letters.size())) - 1;
  return (folded & mask) == word(letters);
}

constexpr std::uint64_t kHighBits = 0x8080808080808080U;
constexpr std::uint64_t kCaseBits = 0x2020202020202020U;
constexpr std::size_t kWindow = 16;  // longer than every keyword in ASCII

bool is_joint(char c) { return c == '_' || c == '-'; }

// The length of the keyword at the begin of a window that is ASCII; 0: none.
std::size_t ascii_keyword(const char* at) {
  const std::uint64_t folded = eight(at) | kCaseBits;
  if (begins(folded, "password")) return 8;
  if (begins(folded, "secret")) return 6;
  if (begins(folded, "api")) {
    const std::size_t second = is_joint(at[3]) ? 4 : 3;
    return begins(folded >> (8 * second), "key") ? second + 3 : 0;
  }
  if (!begins(folded, "access")) return 0;
  const std::size_t second = is_joint(at[6]) ? 7 : 6;
  return begins(eight(at + second) | kCaseBits, "token") ? second + 5 : 0;
}

// Steps over `letter` in any of its forms. False: another stands there.
bool skip_letter(std::string_view text, std::size_t& at, char letter) {
  if (at >= text.size()) return false;
  if ((text[at] | 0x20) == letter) {
    ++at;
    return true;
  }
  std::string_view other;
  if (letter == 's') other = "\xC5\xBF";
  if (letter == 'k') other = "\xE2\x84\xAA";
  if (other.empty() || !text.substr(at).starts_with(other)) return false;
  at += other.size();
  return true;
}

// `first` and `second`, perhaps with `_` or `-` between them.
std::size_t pair_end(std::string_view text, std::size_t at, std::string_view first,
                     std::string_view second) {
  const auto skip = [&](char letter) { return skip_letter(text, at, letter); };
  if (!std::all_of(first.begin(), first.end(), skip)) return 0;
  if (!second.empty() && at < text.size() && is_joint(text[at])) ++at;
  return std::all_of(second.begin(), second.end(), skip) ? at : 0;
}

std::size_t keyword_end_at(std::string_view text, std::size_t at) {
  if (at + kWindow <= text.size()) {
    const char* const window = text.data() + at;
    if (((eight(window) | eight(window + 8)) & kHighBits) == 0) {
      const std::size_t length = ascii_keyword(window);
      return length == 0 ? 0 : at + length;
    }
  }
  std::size_t end = pair_end(text, at, "password", "");
  if (end == 0) end = pair_end(text, at, "secret", "");
  if (end == 0) end = pair_end(text, at, "api", "key");
  return end != 0 ? end : pair_end(text, at, "access", "token");
}

}  // namespace

std::size_t token_end(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(kTokenStart)) return 0;
  const std::size_t tail = at + kTokenStart.size();
  std::size_t end = tail;
  while (end < text.size() && kTokenOctets[static_cast<unsigned char>(text[end])]) ++end;
  return end - tail >= kTokenTailMin ? end : 0;
}

bool Anchors::take(std::size_t at) {
  const bool token = text_.substr(at).starts_with(kTokenStart);
  keyword_end_ = token || of_ == Of::tokens ? 0 : keyword_end_at(text_, at);
  found_ = at;
  return token || keyword_end_ != 0;
}

bool Anchors::take_first(std::uint64_t mask, std::size_t at) {
  while (mask != 0) {
    const std::size_t octet = first_octet(mask);
    if (take(at + octet)) return true;
    mask &= ~(std::uint64_t{0xFF} << (8 * octet));
  }
  return false;
}

void Anchors::find(std::size_t from) {
  known_ = true;
  const char* const text = text_.data();
  std::size_t at = from;
  for (; at + kBlock + 2 <= text_.size(); at += kBlock) {
    const Three octets{load_block(text + at), load_block(text + at + 1), load_block(text + at + 2)};
    Mask found = may_be_tokens(octets);
    if (of_ == Of::tokens_and_keywords) found |= may_be_keywords(octets);
    const auto halves = halves_of(found);
    if ((halves[0] | halves[1]) == 0) continue;
    if (take_first(halves[0], at) || take_first(halves[1], at + kBlock / 2)) return;
  }
  for (; at < text_.size(); ++at) {
    if (take(at)) return;
  }
  found_ = text_.size();
  keyword_end_ = 0;
}

}  // namespace sallyport::middleware
