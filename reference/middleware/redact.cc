#include "reference/middleware/redact.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <re2/re2.h>

#include "reference/base/check.h"
#include "reference/middleware/assignments.h"

namespace sallyport::middleware {
namespace {

const RE2& token_pattern() {
  static const RE2 kPattern("sk-[A-Za-z0-9_-]{16,}");
  return kPattern;
}

const RE2& keyword_pattern() {
  static const RE2 kPattern("(?i)(?:api[_-]?key|access[_-]?token|secret|password)");
  return kPattern;
}

// The end of the next match at or after `from`.
struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool find(const RE2& pattern, std::string_view text, std::size_t from, Match& match) {
  re2::StringPiece found;
  const re2::StringPiece whole(text.data(), text.size());
  if (!pattern.Match(whole, from, text.size(), RE2::UNANCHORED, &found, 1)) return false;
  match.begin = static_cast<std::size_t>(found.data() - text.data());
  match.end = match.begin + found.size();
  return true;
}

// Whether the keyword is what the name ends with: `my_api_key`, not `api_key_id`.
bool is_keyword(std::string_view name) {
  Match match;
  for (std::size_t at = 0; find(keyword_pattern(), name, at, match); at = match.end) {
    if (match.end == name.size()) return true;
  }
  return false;
}

std::uint32_t redact_assignments(std::string_view text, bool in_json_string, std::string& out) {
  AssignmentScanner scanner(text, in_json_string);
  std::uint32_t count = 0;
  std::size_t done = 0;
  Match match;
  for (std::size_t at = 0; find(keyword_pattern(), text, at, match);) {
    at = match.end;
    const auto value = scanner.value_after(at);
    if (!value) continue;
    out.append(text.substr(done, value->begin - done));
    if (value->quote != '\0') out += value->quote;
    out.append(kRedacted);
    if (value->quote != '\0') out += value->quote;
    done = at = value->end;
    ++count;
  }
  out.append(text.substr(done));
  return count;
}

bool is_json(std::string_view text) {
  // RapidJSON takes a NUL for the end.
  if (text.find('\0') != std::string_view::npos) return false;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> nobody;
  return !reader
              .Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream,
                                                                                             nobody)
              .IsError();
}

// Goes over a document that is JSON for certain, from string to string.
class JsonRedactor {
 public:
  JsonRedactor(std::string_view text, std::string& out) : text_(text), out_(out) {}

  std::uint32_t run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        on_string();
      } else if (secret_ && (c == '-' || (c >= '0' && c <= '9'))) {
        on_secret_number();
      } else {
        // Anything but the blanks and the colon before its value ends the wait for it.
        if (c != ':' && c != ' ' && c != '\t' && c != '\r' && c != '\n') secret_ = false;
        out_ += c;
        ++at_;
      }
    }
    return count_;
  }

 private:
  void on_string() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    CHECK(end < text_.size());
    const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
    const std::size_t next = text_.find_first_not_of(" \t\r\n", end + 1);
    const bool is_name = next != std::string_view::npos && text_[next] == ':';
    out_ += '"';
    if (is_name) {
      out_.append(content);
      secret_ = is_keyword(content);
    } else {
      on_value(content);
      secret_ = false;
    }
    out_ += '"';
    at_ = end + 1;
  }

  void on_value(std::string_view content) {
    if (secret_ && !content.empty() && content != kRedacted) {
      out_.append(kRedacted);
      ++count_;
    } else {
      count_ += redact_assignments(content, true, out_);
    }
  }

  void on_secret_number() {
    at_ = text_.find_first_not_of("+-.0123456789eE", at_);
    if (at_ == std::string_view::npos) at_ = text_.size();
    out_.append("\"").append(kRedacted).append("\"");
    ++count_;
    secret_ = false;
  }

  std::string_view text_;
  std::string& out_;
  std::size_t at_ = 0;
  bool secret_ = false;  // the name before is a keyword
  std::uint32_t count_ = 0;
};

}  // namespace

Redaction redact_tokens(std::string_view text) {
  Redaction redaction;
  std::size_t done = 0;
  Match match;
  while (find(token_pattern(), text, done, match)) {
    redaction.text.append(text.substr(done, match.begin - done)).append(kRedacted);
    done = match.end;
    ++redaction.openai;
  }
  redaction.text.append(text.substr(done));
  return redaction;
}

Redaction redact_secrets(std::string_view text) {
  std::string assigned;
  const std::uint32_t keyword = is_json(text) ? JsonRedactor(text, assigned).run()
                                              : redact_assignments(text, false, assigned);
  Redaction redaction = redact_tokens(assigned);
  redaction.keyword = keyword;
  return redaction;
}

}  // namespace sallyport::middleware
