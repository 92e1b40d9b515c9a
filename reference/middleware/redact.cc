#include "reference/middleware/redact.h"

#include <optional>

#include "reference/base/check.h"
#include "reference/http/text.h"
#include "reference/middleware/anchors.h"
#include "reference/middleware/assignments.h"
#include "reference/middleware/octets.h"

namespace sallyport::middleware {
namespace {

// One pass over a text from its begin to its end: what is found is replaced, the rest is copied.
class Pass {
 public:
  Pass(std::string_view text, Anchors::Of of) : text_(text), anchors_(text, of) {}

  // Whether there is anything at all that needs a closer look.
  [[nodiscard]] bool is_plain() { return anchors_.next(0) == text_.size(); }

  // Tokens alone, from `at` to `end`.
  void tokens(std::size_t at, std::size_t end) {
    while ((at = anchors_.next(at)) < end) {
      const std::size_t token = token_end(text_, at);
      if (token != 0) replace_token(at, token);
      at = token != 0 ? token : at + 1;
    }
  }

  // Assigned values, and tokens beside them. What stands in a JSON string ends with it.
  void assignments(std::size_t at, std::size_t end, bool in_json_string) {
    if (anchors_.next(at) >= end) return;
    const std::size_t begin = at;
    AssignmentScanner scanner(text_.substr(begin, end - begin), in_json_string);
    while ((at = anchors_.next(at)) < end) {
      const std::size_t keyword = take_anchor(at);
      if (keyword == 0) continue;
      const auto value = scanner.value_after(keyword - begin);
      if (!value) continue;
      at = begin + value->end;
      replace_value(begin + value->begin, at, value->quote);
    }
  }

  // A name in JSON: its tokens, and whether it ends with a keyword (`my_api_key`, not
  // `api_key_id`), so that its value is a secret.
  [[nodiscard]] bool name(std::size_t at, std::size_t end) {
    bool secret = false;
    while ((at = anchors_.next(at)) < end) secret = take_anchor(at) == end;
    return secret;
  }

  void replace_value(std::size_t begin, std::size_t end, char quote) {
    replace(begin, end, quote);
    ++redaction_.keyword;
  }

  [[nodiscard]] Redaction finish() {
    if (done_ != 0) redaction_.text.append(text_.substr(done_));
    return std::move(redaction_);
  }

 private:
  // Steps over the anchor at `at`. A token is replaced as a whole, and looked into for keywords all
  // the same: `sk-...-password=x` ends with one. The end of a keyword, or 0.
  std::size_t take_anchor(std::size_t& at) {
    const std::size_t keyword = anchors_.keyword_end();
    const std::size_t token = keyword != 0 || at < done_ ? 0 : token_end(text_, at);
    if (token != 0) replace_token(at, token);
    at = keyword != 0 ? keyword : at + 1;
    return keyword;
  }

  void replace_token(std::size_t begin, std::size_t end) {
    replace(begin, end, '\0');
    ++redaction_.openai;
  }

  void replace(std::size_t begin, std::size_t end, char quote) {
    CHECK(done_ <= begin);
    std::string& out = redaction_.text;
    if (out.capacity() < text_.size()) out.reserve(text_.size());
    out.append(text_.substr(done_, begin - done_));
    if (quote != '\0') out += quote;
    out.append(kRedacted);
    if (quote != '\0') out += quote;
    done_ = end;
  }

  std::string_view text_;
  Anchors anchors_;
  std::size_t done_ = 0;  // what stands before it was copied or replaced
  Redaction redaction_;
};

// The first of `"`, `\` or a control octet at or after `at`, or the text's length.
std::size_t find_special(std::string_view text, std::size_t at) {
  for (; at + kBlock <= text.size(); at += kBlock) {
    const Block octets = load_block(text.data() + at);
    const auto halves = halves_of((octets == '"') | (octets == '\\') | (octets < 0x20));
    if (halves[0] != 0) return at + first_octet(halves[0]);
    if (halves[1] != 0) return at + kBlock / 2 + first_octet(halves[1]);
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\' &&
         static_cast<unsigned char>(text[at]) >= 0x20) {
    ++at;
  }
  return at;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Goes over a text that may be a JSON document (RFC 8259), from string to string. As deep as it is:
// it keeps one octet for each level.
class JsonWalk {
 public:
  JsonWalk(std::string_view text, Pass& pass) : text_(text), pass_(pass) {}

  // False: it is none, and what the pass made of it means nothing.
  [[nodiscard]] bool run() {
    skip_blanks();
    if (!value(false)) return false;
    while (!open_.empty()) {
      if (!next()) return false;
    }
    skip_blanks();
    return at_ == text_.size();
  }

 private:
  // The next member, the next element, or the end of the innermost.
  bool next() {
    skip_blanks();
    const bool is_object = open_.back() == '{';
    if (is(is_object ? '}' : ']')) {
      ++at_;
      open_.pop_back();
      fresh_ = false;
      return true;
    }
    if (!fresh_) {
      if (!is(',')) return false;
      ++at_;
      skip_blanks();
    }
    fresh_ = false;
    return is_object ? member() : value(false);
  }

  bool member() {
    if (!is('"')) return false;
    const std::size_t begin = at_ + 1;
    if (!skip_string()) return false;
    const bool secret = pass_.name(begin, at_ - 1);
    skip_blanks();
    if (!is(':')) return false;
    ++at_;
    skip_blanks();
    return value(secret);
  }

  // `secret`: it stands behind a keyword.
  bool value(bool secret) {
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{':
      case '[':
        open_ += text_[at_++];
        fresh_ = true;
        return true;
      case '"':
        return string_value(secret);
      case 't':
        return skip_word("true");
      case 'f':
        return skip_word("false");
      case 'n':
        return skip_word("null");
      default:
        return number(secret);
    }
  }

  bool string_value(bool secret) {
    const std::size_t begin = at_ + 1;
    if (!skip_string()) return false;
    const std::size_t end = at_ - 1;
    if (secret && end != begin && text_.substr(begin, end - begin) != kRedacted) {
      pass_.replace_value(begin, end, '\0');
    } else {
      pass_.assignments(begin, end, true);
    }
    return true;
  }

  bool number(bool secret) {
    const std::size_t begin = at_;
    if (is('-')) ++at_;
    if (is('0')) {
      ++at_;
    } else if (!skip_digits()) {
      return false;
    }
    if (is('.')) {
      ++at_;
      if (!skip_digits()) return false;
    }
    if (is('e') || is('E')) {
      ++at_;
      if (is('+') || is('-')) ++at_;
      if (!skip_digits()) return false;
    }
    if (secret) pass_.replace_value(begin, at_, '"');
    return true;
  }

  // From its quote to behind its quote.
  bool skip_string() {
    for (++at_;;) {
      at_ = find_special(text_, at_);
      if (is('"')) break;
      if (!is('\\') || !skip_escape()) return false;
    }
    ++at_;
    return true;
  }

  bool skip_escape() {
    const std::string_view rest = text_.substr(at_ + 1);
    if (rest.empty()) return false;
    if (rest.front() != 'u') {
      at_ += 2;
      return std::string_view("\"\\/bfnrt").find(rest.front()) != std::string_view::npos;
    }
    if (rest.size() < 5) return false;
    for (const char c : rest.substr(1, 4)) {
      if (http::hex_value(c) < 0) return false;
    }
    at_ += 6;
    return true;
  }

  bool skip_digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ != begin;
  }

  bool skip_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  [[nodiscard]] bool is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  std::string_view text_;
  Pass& pass_;
  std::size_t at_ = 0;
  std::string open_;    // `{` and `[`, the innermost last
  bool fresh_ = false;  // nothing stands in the innermost yet
};

}  // namespace

Redaction redact_tokens(std::string_view text) {
  Pass pass(text, Anchors::Of::tokens);
  pass.tokens(0, text.size());
  return pass.finish();
}

Redaction redact_secrets(std::string_view text) {
  Pass json(text, Anchors::Of::tokens_and_keywords);
  if (json.is_plain() || JsonWalk(text, json).run()) return json.finish();
  Pass pass(text, Anchors::Of::tokens_and_keywords);
  pass.assignments(0, text.size(), false);
  return pass.finish();
}

}  // namespace sallyport::middleware
