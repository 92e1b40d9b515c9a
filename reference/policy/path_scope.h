// The `path` of an endpoint: which canonical paths it is for. Another grammar than that of rules,
// as in the field system (openshell-core/src/endpoint_path.rs): `*` crosses `/` here. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "reference/policy/glob.h"

namespace sallyport::policy {

class PathScope {
 public:
  // Why it is refused (neither `/...` nor `**`), or nothing.
  [[nodiscard]] static std::optional<std::string> fault(std::string_view text);
  // Nothing when fault() has something to say.
  [[nodiscard]] static std::optional<PathScope> parse(std::string_view text);

  // `**` and `/**`: any. `P/**`: P and what is below it.
  [[nodiscard]] bool matches(std::string_view canonical_path) const;
  // How many of its characters aren't `*`: the most specific of several matching scopes governs.
  [[nodiscard]] std::size_t specificity() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string base_;          // of `P/**`: P
  std::optional<Glob> glob_;  // none with an empty base_: any
};

}  // namespace sallyport::policy
