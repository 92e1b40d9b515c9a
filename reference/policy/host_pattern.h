// The `host` of an endpoint: an exact name, an IP literal, or a name with wildcards. Pure.
//
// Wildcards follow OpenShell (openshell-policy host validation; regorus glob.match with `.`):
//   *.example.com        one label            api-*.example.com   within the first label
//   **.example.com       one label or more    a.*.example.com     one label at that place
// They never match an IP literal (the field's do): an address is named, or reached by allowed_ips.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

// Lower case; an IP literal (with or without brackets) in its canonical form, without brackets.
// The one form in which hosts are compared; does not judge whether it is a host at all.
[[nodiscard]] std::string normalise_host(std::string_view host);

class HostPattern {
 public:
  // Why the pattern is refused, or nothing when it is sound. In words for a diagnostic.
  [[nodiscard]] static std::optional<std::string> fault(std::string_view pattern);
  // Nothing when fault() has something to say.
  [[nodiscard]] static std::optional<HostPattern> parse(std::string_view pattern);

  // `host` in the form of normalise_host. Hosts with an empty label or a byte that no host name
  // has never match.
  [[nodiscard]] bool matches(std::string_view host) const;
  // Whether some host matches both.
  [[nodiscard]] bool overlaps(const HostPattern& other) const;
  [[nodiscard]] bool is_exact() const { return !wild_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // What follows the last wildcard label, without its dot: every host that matches ends with it.
  // The whole text of an exact pattern; empty where the last label is a wildcard.
  [[nodiscard]] std::string_view fixed_suffix() const;

 private:
  std::string text_;  // normalised
  std::vector<std::string> labels_;
  bool wild_ = false;
};

}  // namespace sallyport::policy
