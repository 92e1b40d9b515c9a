#include "reference/policy/host_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "reference/net/address.h"
#include "reference/policy/overlap.h"

namespace sallyport::policy {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035 without the root's dot
constexpr std::size_t kLabelBytesMax = 63;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

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

// Underscore: not a host name's, but names with it are in use and resolve.
bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_host_name(const std::vector<std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    return !label.empty() && std::all_of(label.begin(), label.end(), is_host_byte);
  });
}

bool is_address(std::string_view normalised) {
  return net::IpAddress::parse(normalised).has_value();
}

// `*` stands for any run of characters of one label, none included. Greedy with one way back, so
// linear in practice and never worse than the product of two label lengths.
bool label_matches(std::string_view pattern, std::string_view label) {
  std::size_t p = 0;
  std::size_t l = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (l < label.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = l;
    } else if (p < pattern.size() && pattern[p] == label[l]) {
      ++p;
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

bool is_stars(std::string_view text) {
  return !text.empty() && text.find_first_not_of('*') == std::string_view::npos;
}

std::optional<std::string> label_fault(const std::string& label, bool first) {
  if (label.empty()) return "a host has no empty label (two dots in a row, or one at an end)";
  if (label.size() > kLabelBytesMax) return "a label of a host has at most 63 characters";
  for (const char c : label) {
    if (!is_host_byte(c) && c != '*') {
      return fmt::format(
          "\"{}\" is not a host name: only letters, digits, `-`, `_`, `.` and the "
          "wildcard `*`",
          label);
    }
  }
  if (label.find('*') == std::string::npos) return std::nullopt;
  if (!first && label != "*") {
    return fmt::format("\"{}\": after the first label a wildcard is the whole label, `*`", label);
  }
  if (first && label != "**" && label.find("**") != std::string::npos) {
    return fmt::format("\"{}\": `**` stands alone in the first label", label);
  }
  return std::nullopt;
}

}  // namespace

std::string normalise_host(std::string_view host) {
  std::string_view bare = host;
  if (bare.size() >= 2 && bare.front() == '[' && bare.back() == ']') {
    bare = bare.substr(1, bare.size() - 2);
    if (const auto address = net::IpAddress::parse(bare); address && !address->is_v4()) {
      return address->to_string();
    }
  } else if (const auto address = net::IpAddress::parse(bare)) {
    return address->to_string();
  }
  std::string text(host);
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

std::optional<std::string> HostPattern::fault(std::string_view pattern) {
  const std::string text = normalise_host(pattern);
  if (text.empty()) return "the host is empty";
  if (is_address(text)) return std::nullopt;
  if (text.size() > kHostBytesMax) return "a host has at most 253 characters";
  if (is_stars(text)) {
    return fmt::format("\"{}\" would match every host: name a domain, as in `**.example.com`",
                       text);
  }
  const std::vector<std::string> labels = split_labels(text);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (auto found = label_fault(labels[i], i == 0)) return found;
  }
  if (text.find('*') != std::string::npos && labels.size() <= 2) {
    return fmt::format(
        "\"{}\" would match a whole top-level domain: a wildcard needs at least "
        "two labels beside its own",
        text);
  }
  return std::nullopt;
}

std::optional<HostPattern> HostPattern::parse(std::string_view pattern) {
  if (fault(pattern)) return std::nullopt;
  HostPattern parsed;
  parsed.text_ = normalise_host(pattern);
  parsed.wild_ = parsed.text_.find('*') != std::string::npos;
  if (parsed.wild_) parsed.labels_ = split_labels(parsed.text_);
  return parsed;
}

std::string_view HostPattern::fixed_suffix() const {
  const std::string_view text = text_;
  if (!wild_) return text;
  const std::size_t dot = text.find('.', text.rfind('*'));
  return dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
}

bool HostPattern::overlaps(const HostPattern& other) const {
  if (!wild_) return other.matches(text_);
  if (!other.wild_) return matches(other.text_);
  const bool deep = labels_.front() == "**";
  const bool other_deep = other.labels_.front() == "**";
  const std::size_t count = labels_.size();
  const std::size_t other_count = other.labels_.size();
  if (!deep && !other_deep && count != other_count) return false;
  if (deep && !other_deep && other_count < count) return false;
  if (!deep && other_deep && count < other_count) return false;
  // From the end: what a `**` takes is whatever the other one has there.
  for (std::size_t i = 1; i <= std::min(count, other_count); ++i) {
    const std::string& one = labels_[count - i];
    const std::string& two = other.labels_[other_count - i];
    if (one == "**" || two == "**") return true;
    if (!stars_overlap(one, two)) return false;
  }
  return true;
}

bool HostPattern::matches(std::string_view host) const {
  if (!wild_) return host == text_;
  if (host.size() > kHostBytesMax || is_address(host)) return false;
  const std::vector<std::string> labels = split_labels(host);
  if (!is_host_name(labels)) return false;
  // `**` takes all labels that the rest of the pattern leaves, at least one.
  const bool deep = labels_.front() == "**";
  if (deep ? labels.size() < labels_.size() : labels.size() != labels_.size()) return false;
  const std::size_t surplus = labels.size() - labels_.size();
  for (std::size_t i = deep ? 1 : 0; i < labels_.size(); ++i) {
    if (!label_matches(labels_[i], labels[i + surplus])) return false;
  }
  return true;
}

}  // namespace sallyport::policy
