// A host pattern of a middleware selector: labels with globs. Not an endpoint's host pattern: here
// `?` and `[...]` are globs too, and `**` stands at any place and matches IP literals. Pure.
//
//   *  any run within the label    ?  one character    [a-f0] [!a-f]  one of, none of
//   ** as a whole label: one label or more
//
// Follows OpenShell crates/openshell-core/src/host_pattern.rs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

class SelectorPattern {
 public:
  // Why the pattern is refused, or nothing when it is sound.
  [[nodiscard]] static std::optional<std::string> fault(std::string_view pattern);
  // Nothing when fault() has something to say.
  [[nodiscard]] static std::optional<SelectorPattern> parse(std::string_view pattern);

  // Case-insensitive. A host with an empty label never matches.
  [[nodiscard]] bool matches(std::string_view host) const;
  // Whether some host could match both. Two labels with globs are taken to overlap.
  [[nodiscard]] bool overlaps(const SelectorPattern& other) const;
  [[nodiscard]] bool is_literal() const { return literal_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;  // lower case
  std::vector<std::string> labels_;
  bool literal_ = true;
};

}  // namespace sallyport::policy
