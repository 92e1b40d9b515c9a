#include "reference/policy/selector_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>

#include "reference/net/address.h"
#include "reference/policy/host_pattern.h"

namespace sallyport::policy {
namespace {

constexpr std::size_t kPatternBytesMax = 253;  // as long as a host; keeps matching cheap
constexpr std::string_view kRecursive = "**";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

std::vector<std::string> split_labels(std::string_view text) {
  std::vector<std::string> labels;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = text.find('.', start);
    labels.emplace_back(text.substr(start, dot - start));
    if (dot == std::string_view::npos) return labels;
    start = dot + 1;
  }
}

bool has_empty(const std::vector<std::string>& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const auto& label) { return label.empty(); });
}

bool is_literal_label(std::string_view label) {
  return label.find_first_of("*?[") == std::string_view::npos;
}

// Where the class that begins at `open` ends: its `]`. One that stands first is a member.
std::size_t class_end(std::string_view label, std::size_t open) {
  std::size_t at = open + 1;
  if (at < label.size() && label[at] == '!') ++at;
  return at < label.size() ? label.find(']', at + 1) : std::string_view::npos;
}

bool in_class(std::string_view members, char c) {
  const bool negated = members.starts_with('!');
  if (negated) members.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 2 < members.size() && members[i + 1] == '-') {
      found = found || (members[i] <= c && c <= members[i + 2]);
      i += 2;
    } else {
      found = found || members[i] == c;
    }
  }
  return found != negated;
}

// How many characters of the pattern the one that stands at `p` takes when it matches `c`; 0: it
// doesn't.
std::size_t match_one(std::string_view pattern, std::size_t p, char c) {
  if (pattern[p] == '?') return 1;
  if (pattern[p] != '[') return pattern[p] == c ? 1 : 0;
  const std::size_t end = class_end(pattern, p);
  return in_class(pattern.substr(p + 1, end - p - 1), c) ? end - p + 1 : 0;
}

// Greedy with one way back, as every star but the last may be forgotten.
bool label_matches(std::string_view pattern, std::string_view label) {
  std::size_t p = 0;
  std::size_t l = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (l < label.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = l;
      continue;
    }
    const std::size_t taken = p < pattern.size() ? match_one(pattern, p, label[l]) : 0;
    if (taken != 0) {
      p += taken;
      ++l;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      l = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool labels_overlap(std::string_view a, std::string_view b) {
  if (a == kRecursive || b == kRecursive) return true;
  if (is_literal_label(a)) return label_matches(b, a);
  return !is_literal_label(b) || label_matches(a, b);
}

// Whether two lists of labels can be walked in step, `fits` saying so of two labels. A `**` of
// either list is left or stayed at after each step, so it takes one label or more.
bool walk(const std::vector<std::string>& a, const std::vector<std::string>& b,
          const std::function<bool(std::string_view, std::string_view)>& fits) {
  const std::size_t width = b.size() + 1;
  std::vector<char> reached((a.size() + 1) * width, 0);
  reached[0] = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (reached[i * width + j] == 0 || !fits(a[i], b[j])) continue;
      reached[(i + 1) * width + j + 1] = 1;
      if (a[i] == kRecursive) reached[i * width + j + 1] = 1;
      if (b[j] == kRecursive) reached[(i + 1) * width + j] = 1;
    }
  }
  return reached.back() != 0;
}

std::optional<std::string> label_fault(std::string_view label) {
  if (label.empty()) return "a label is empty (two dots in a row, or one at an end)";
  if (label == kRecursive) return std::nullopt;
  if (label.find(kRecursive) != std::string_view::npos) {
    return fmt::format("`**` is a whole label, not a part of \"{}\"", label);
  }
  for (std::size_t at = label.find('['); at != std::string_view::npos; at = label.find('[', at)) {
    at = class_end(label, at);
    if (at == std::string_view::npos) return fmt::format("\"{}\" has a `[` without its `]`", label);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> SelectorPattern::fault(std::string_view pattern) {
  if (pattern.empty()) return "it is empty";
  if (pattern.size() > kPatternBytesMax) return "a host has at most 253 characters";
  if (pattern.find_first_of(" \t\r\n\v\f") != std::string_view::npos) {
    return "whitespace is no part of a host";
  }
  if (pattern.find_first_of("{}") != std::string_view::npos) {
    return "braces mean nothing here: list each host pattern separately";
  }
  // An address is compared in its one form, as intents have it; another would match nothing.
  const bool bracketed = pattern.front() == '[' && pattern.find(':') != std::string_view::npos;
  if (bracketed || net::IpAddress::parse(pattern)) {
    const std::string normal = normalise_host(pattern);
    if (lower(pattern) != normal) {
      return fmt::format("an address is written \"{}\" here", normal);
    }
  }
  for (const std::string& label : split_labels(pattern)) {
    if (auto found = label_fault(label)) return found;
  }
  return std::nullopt;
}

std::optional<SelectorPattern> SelectorPattern::parse(std::string_view pattern) {
  if (fault(pattern)) return std::nullopt;
  SelectorPattern parsed;
  parsed.text_ = lower(pattern);
  parsed.labels_ = split_labels(parsed.text_);
  parsed.literal_ = is_literal_label(parsed.text_);
  return parsed;
}

bool SelectorPattern::matches(std::string_view host) const {
  const std::vector<std::string> labels = split_labels(lower(host));
  if (has_empty(labels)) return false;
  return walk(labels_, labels, [](std::string_view pattern, std::string_view label) {
    return pattern == kRecursive || label_matches(pattern, label);
  });
}

bool SelectorPattern::overlaps(const SelectorPattern& other) const {
  return walk(labels_, other.labels_, labels_overlap);
}

}  // namespace sallyport::policy
