#include "reference/readiness/command_words.h"

#include "reference/http/text.h"

namespace sallyport::readiness {
namespace {

constexpr std::string_view kBlanks = " \t\n";
constexpr std::string_view kBare =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";

// Cuts one text; `next` is asked until there is nothing more.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  [[nodiscard]] bool skip_blanks() {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size();
  }
  // False for a text that ends too early.
  bool take(std::string& into) {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) == std::string_view::npos) {
      const char character = text_[at_++];
      if (character == '\'') {
        if (!single(into)) return false;
      } else if (character == '"') {
        if (!twofold(into)) return false;
      } else if (character == '\\') {
        if (at_ == text_.size()) return false;
        into += text_[at_++];
      } else {
        into += character;
      }
    }
    return true;
  }

 private:
  bool single(std::string& into) {
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) return false;
    into += text_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }
  bool twofold(std::string& into) {
    constexpr std::string_view kTaken = "\"\\$`";
    while (at_ < text_.size()) {
      const char character = text_[at_++];
      if (character == '"') return true;
      const bool escapes = character == '\\' && at_ < text_.size() &&
                           kTaken.find(text_[at_]) != std::string_view::npos;
      into += escapes ? text_[at_++] : character;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Octets that begin a character, or are one.
bool begins(char octet) { return (static_cast<unsigned char>(octet) & 0xC0U) != 0x80U; }

}  // namespace

std::optional<Words> split_words(std::string_view text) {
  Words words;
  Cutter cutter(text);
  while (cutter.skip_blanks()) {
    if (!cutter.take(words.emplace_back())) return std::nullopt;
  }
  return words;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char character : text) {
    if (character == '\'') {
      out += "'\\''";
    } else {
      out += character;
    }
  }
  return out + "'";
}

std::string word(std::string_view text) {
  const bool bare = !text.empty() && text.find_first_not_of(kBare) == std::string_view::npos;
  return bare ? std::string(text) : quoted(text);
}

std::string command_line(const Words& words) {
  std::string out;
  for (const std::string& one : words) {
    if (!out.empty()) out += ' ';
    out += word(one);
  }
  return out;
}

std::string printable(std::string_view text, std::size_t octets_max) {
  constexpr unsigned char kDelete = 0x7F;
  const bool readable = http::is_utf8(text);
  std::string out;
  bool gap = false;
  for (const char character : text) {
    const auto octet = static_cast<unsigned char>(character);
    // U+0080 to U+009F steer terminals too: their first octet is 0xC2, and nothing below 0xA0
    // follows it in a text that a person reads.
    if (octet <= ' ' || octet == kDelete) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += readable || octet < kDelete ? character : '?';
  }
  for (std::size_t at = 0; (at = out.find('\xC2', at)) != std::string::npos; ++at) {
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0)
      out.replace(at, 2, "?");
  }
  if (out.size() <= octets_max) return out;
  constexpr std::string_view kMore = "...";
  std::size_t end = octets_max > kMore.size() ? octets_max - kMore.size() : 0;
  while (end > 0 && !begins(out[end])) --end;
  out.resize(end);
  return out.append(kMore);
}

}  // namespace sallyport::readiness
