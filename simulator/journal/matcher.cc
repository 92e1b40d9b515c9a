// Whether one value fits a matcher, and how both are told to people.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <charconv>

#include "simulator/journal/json_value.h"
#include "simulator/journal/query.h"

namespace sallyport::sim::journal {
namespace {

constexpr std::size_t kShownMax = 120;

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> number_of(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return as_number(*text);
  return std::nullopt;
}

// The text that contains, starts, ends and matches look at.
std::optional<std::string> text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* json = std::get_if<Json>(&value)) return json->text;
  return std::nullopt;
}

bool equals(const Value& value, const std::string& wanted) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text == wanted;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return as_number(wanted) == *number;
  if (const auto* json = std::get_if<Json>(&value)) return json_is(json->text, wanted);
  return false;
}

bool equals_any(const Value& value, const Matcher& matcher) {
  for (const std::string& wanted : matcher.equals_any) {
    if (equals(value, wanted)) return true;
  }
  return false;
}

bool text_parts_fit(const Value& value, const Matcher& matcher) {
  if (!matcher.contains && !matcher.starts && !matcher.ends && !matcher.matches) return true;
  const auto text = text_of(value);
  if (!text) return false;
  if (matcher.contains && text->find(*matcher.contains) == std::string::npos) return false;
  if (matcher.starts && !text->starts_with(*matcher.starts)) return false;
  if (matcher.ends && !text->ends_with(*matcher.ends)) return false;
  if (!matcher.matches) return true;
  const RE2 pattern(*matcher.matches, RE2::Quiet);
  return pattern.ok() && RE2::PartialMatch(*text, pattern);
}

bool bounds_fit(const Value& value, const Matcher& matcher) {
  if (!matcher.at_least && !matcher.at_most) return true;
  const auto number = number_of(value);
  if (!number) return false;
  return (!matcher.at_least || *number >= *matcher.at_least) &&
         (!matcher.at_most || *number <= *matcher.at_most);
}

bool json_fits(const Value& value, const Json& wanted) {
  if (const auto* json = std::get_if<Json>(&value)) return same_json(json->text, wanted.text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return same_json(fmt::format("{}", *number), wanted.text);
  }
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && (same_json(*text, wanted.text) || json_is(wanted.text, *text));
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

// The lines of one header name. A scalar wants exactly one line, a map's parts any one line that
// has them all; `not` turns the whole question around, so it can't be satisfied by a second line.
bool lines_fit(const std::vector<std::string>& lines, const Matcher& matcher) {
  if (matcher.absent && *matcher.absent != lines.empty()) return false;
  if (matcher.not_ && lines_fit(lines, *matcher.not_)) return false;
  if (matcher.count && std::cmp_not_equal(lines.size(), *matcher.count)) return false;
  Matcher rest = matcher;
  rest.absent.reset();
  rest.not_.reset();
  rest.count.reset();
  const bool asks = rest.has_equals || rest.contains || rest.starts || rest.ends || rest.matches ||
                    rest.at_least || rest.at_most || rest.equals_json || !rest.members.empty();
  if (!asks) return !lines.empty() || matcher.absent || matcher.not_ || matcher.count;
  if (rest.has_equals && lines.size() != 1) return false;
  for (const std::string& line : lines) {
    const Value value = line;
    if (fits(&value, rest)) return true;
  }
  return false;
}

bool member_fits(const Value& value, const std::string& name, const Matcher& matcher) {
  if (const auto* headers = std::get_if<HeaderList>(&value)) {
    std::vector<std::string> lines;
    for (const auto& [header, line] : *headers) {
      if (same_name(header, name)) lines.push_back(line);
    }
    return lines_fit(lines, matcher);
  }
  const auto document = text_of(value);
  const auto found = document ? at_pointer(*document, name) : std::nullopt;
  return fits(found ? &*found : nullptr, matcher);
}

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownMax)) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (text.size() > kShownMax) out += fmt::format("... ({} octets)", text.size());
  return out;
}

std::string quoted(std::string_view text) { return "\"" + shown(text) + "\""; }

// A word as it is, anything else in quotes.
std::string scalar(std::string_view text) {
  const bool plain = !text.empty() && text.size() <= kShownMax &&
                     text.find_first_of(" \t\r\n\"',{}[]") == std::string_view::npos;
  return plain ? std::string(text) : quoted(text);
}

}  // namespace

bool fits(const Value* value, const Matcher& matcher) {
  if (matcher.not_ && fits(value, *matcher.not_)) return false;
  if (value == nullptr) {
    if (matcher.absent) return *matcher.absent;
    // Nothing is there that could be compared: only `not` can hold, and it does.
    Matcher rest = matcher;
    rest.not_.reset();
    const bool asks = rest.has_equals || rest.contains || rest.starts || rest.ends ||
                      rest.matches || rest.at_least || rest.at_most || rest.count ||
                      rest.equals_json || !rest.members.empty();
    return matcher.not_ != nullptr && !asks;
  }
  if (matcher.absent && *matcher.absent) return false;
  if (matcher.has_equals && !equals_any(*value, matcher)) return false;
  if (!text_parts_fit(*value, matcher) || !bounds_fit(*value, matcher)) return false;
  if (matcher.equals_json && !json_fits(*value, *matcher.equals_json)) return false;
  for (const auto& [name, member] : matcher.members) {
    if (!member_fits(*value, name, member)) return false;
  }
  return true;
}

std::string describe(const Matcher& matcher) {
  std::vector<std::string> parts;
  if (matcher.has_equals) {
    std::vector<std::string> words;
    for (const std::string& text : matcher.equals_any) words.push_back(scalar(text));
    parts.push_back(words.size() == 1 ? words.front()
                                      : fmt::format("one of {}", fmt::join(words, ", ")));
  }
  if (matcher.contains) parts.push_back("contains " + quoted(*matcher.contains));
  if (matcher.starts) parts.push_back("starts with " + quoted(*matcher.starts));
  if (matcher.ends) parts.push_back("ends with " + quoted(*matcher.ends));
  if (matcher.matches) parts.push_back("matches " + quoted(*matcher.matches));
  if (matcher.absent) parts.emplace_back(*matcher.absent ? "absent" : "present");
  if (matcher.at_least) parts.push_back(fmt::format("at least {}", *matcher.at_least));
  if (matcher.at_most) parts.push_back(fmt::format("at most {}", *matcher.at_most));
  if (matcher.count) parts.push_back(fmt::format("{} lines", *matcher.count));
  if (matcher.equals_json) parts.push_back("equals " + shown(matcher.equals_json->text));
  for (const auto& [name, member] : matcher.members) {
    parts.push_back(fmt::format("{}: {}", name, describe(member)));
  }
  if (matcher.not_) parts.push_back(fmt::format("not ({})", describe(*matcher.not_)));
  return parts.empty() ? "anything" : fmt::format("{}", fmt::join(parts, " and "));
}

std::string describe(const Value* value) {
  if (value == nullptr) return "absent";
  if (const auto* headers = std::get_if<HeaderList>(value)) {
    std::vector<std::string> lines;
    for (const auto& [name, line] : *headers) lines.push_back(fmt::format("{}: {}", name, line));
    return shown(fmt::format("{{{}}}", fmt::join(lines, "; ")));
  }
  if (const auto* json = std::get_if<Json>(value)) return shown(json->text);
  if (const auto* number = std::get_if<std::int64_t>(value)) return fmt::format("{}", *number);
  return scalar(std::get<std::string>(*value));
}

std::optional<std::string> pattern_error(const std::string& pattern) {
  const RE2 compiled(pattern, RE2::Quiet);
  if (compiled.ok()) return std::nullopt;
  return compiled.error();
}

}  // namespace sallyport::sim::journal
