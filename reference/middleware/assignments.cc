#include "reference/middleware/assignments.h"

#include <algorithm>

#include "reference/http/text.h"
#include "reference/middleware/octets.h"

namespace sallyport::middleware {
namespace {

// Depths of JSON within JSON that are understood: 0, 1, 3, 7 backslashes before a quote.
std::optional<std::size_t> depth_of(std::size_t backslashes) {
  for (std::size_t depth = 0; depth < 4; ++depth) {
    if (backslashes == (std::size_t{1} << depth) - 1) return depth;
  }
  return std::nullopt;
}

// What ends a value without quotes.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> stops{};
  for (const char c : std::string_view(" \t\r\n\"',;&}])<")) {
    stops[static_cast<unsigned char>(c)] = true;
  }
  return stops;
}();

// The first quote, backslash or line end at or after `at`, or the text's length.
std::size_t find_mark(std::string_view text, std::size_t at) {
  for (; at + kBlock <= text.size(); at += kBlock) {
    const Block octets = load_block(text.data() + at);
    const auto halves =
        halves_of((octets == '"') | (octets == '\\') | (octets == '\'') | (octets == '\n'));
    if (halves[0] != 0) return at + first_octet(halves[0]);
    if (halves[1] != 0) return at + kBlock / 2 + first_octet(halves[1]);
  }
  return std::min(text.find_first_of("\"\\'\n", at), text.size());
}

bool is_quote(char c) { return c == '"' || c == '\''; }

bool is_unicode_escape(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return false;
  for (const char c : text.substr(2, 4)) {
    if (http::hex_value(c) < 0) return false;
  }
  return true;
}

}  // namespace

std::optional<AssignmentScanner::Quote> AssignmentScanner::read_quote(std::size_t& at) const {
  std::size_t end = at;
  while (end < text_.size() && text_[end] == '\\') ++end;
  if (end == text_.size() || !is_quote(text_[end])) return std::nullopt;
  const Quote quote{text_[end], end - at};
  at = end + 1;
  return quote;
}

void AssignmentScanner::skip_blanks(std::size_t& at) const {
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
}

// A closing quote has as many backslashes as the opening one, or, behind escaped backslashes, so
// many more that each of those is whole. One with fewer ends a text further out, a line's end ends
// everything: then the quote was none.
std::optional<std::size_t> AssignmentScanner::find_closing(const Quote& quote, std::size_t from) {
  const auto depth = depth_of(quote.backslashes);
  if (!depth) return std::nullopt;
  std::size_t& barren = barren_[*depth + (quote.mark == '"' ? 0 : 4)];
  if (from < barren) return std::nullopt;
  const std::size_t period = 2 * (quote.backslashes + 1);
  std::size_t run = 0;
  std::size_t at = from;
  for (;; ++at) {
    const std::size_t mark = find_mark(text_, at);
    if (mark != at) run = 0;
    at = mark;
    if (at == text_.size() || text_[at] == '\n') break;
    if (text_[at] == '\\') {
      ++run;
      continue;
    }
    if (text_[at] == quote.mark && run % period == quote.backslashes) {
      return at - quote.backslashes;
    }
    if (is_quote(text_[at]) && text_[at] == '"' && run < quote.backslashes) break;
    run = 0;
  }
  barren = at;
  return std::nullopt;
}

std::size_t AssignmentScanner::bare_end(std::size_t from) const {
  std::size_t at = from;
  while (at < text_.size() && !kStops[static_cast<unsigned char>(text_[at])]) {
    if (!in_json_string_ || text_[at] != '\\') {
      ++at;
    } else if (is_unicode_escape(text_.substr(at))) {
      at += 6;
    } else if (text_.substr(at).starts_with("\\/")) {
      at += 2;
    } else {
      break;  // any other escape ends the value, and mustn't be torn
    }
  }
  return at;
}

std::optional<Assigned> AssignmentScanner::value_after(std::size_t at) {
  const auto key_quote = read_quote(at);
  skip_blanks(at);
  const std::size_t sign = at;
  while (at < text_.size() && (text_[at] == ':' || text_[at] == '=')) ++at;
  if (at == sign) return std::nullopt;
  skip_blanks(at);
  if (text_.substr(at).starts_with("[REDACTED]")) return std::nullopt;
  const auto quote = read_quote(at);
  if (quote) {
    if (text_.substr(at).starts_with("[REDACTED]")) return std::nullopt;
    if (const auto end = find_closing(*quote, at)) {
      if (*end == at) return std::nullopt;
      return Assigned{at, *end, '\0'};
    }
  }
  const std::size_t end = bare_end(at);
  if (end == at) return std::nullopt;
  const bool wraps = !quote && key_quote && key_quote->backslashes == 0 && !in_json_string_;
  return Assigned{at, end, wraps ? key_quote->mark : '\0'};
}

}  // namespace sallyport::middleware
