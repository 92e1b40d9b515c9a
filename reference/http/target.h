// Request targets: the one spelling that policy judges and the upstream receives, and the parts of
// a forward request's absolute form. Follows OpenShell l7/path.rs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/authority.h"
#include "reference/http/error.h"

namespace sallyport::http {

struct TargetOptions {
  bool allow_encoded_slash = false;  // %2F stays %2F; a dot segment behind it is refused still
  std::uint64_t bytes_max = 4096;    // of the path, raw and canonical
};

struct CanonicalTarget {
  std::string text;            // path[?query], as it goes upstream
  std::size_t path_bytes = 0;  // of `text`
  bool changed = false;        // the path differs from the one that was sent

  [[nodiscard]] std::string_view path() const {
    return std::string_view(text).substr(0, path_bytes);
  }
  // Verbatim, without `?`; nothing when there is none, "" for a lone `?`.
  [[nodiscard]] std::optional<std::string_view> query() const {
    if (path_bytes == text.size()) return std::nullopt;
    return std::string_view(text).substr(path_bytes + 1);
  }
};

// Of an origin-form or absolute-form target: escapes decoded, `;parameters` cut from each segment,
// dot segments resolved, slashes collapsed, encoded again where a path needs it.
[[nodiscard]] base::Result<CanonicalTarget> canonical_target(std::string_view raw,
                                                             const TargetOptions& options = {});

struct AbsoluteTarget {
  std::string scheme;   // lower case; any scheme, the caller refuses what it doesn't serve
  Authority authority;  // port 80 when absent, 443 for https
  std::string_view path_and_query;  // into the text; "" or "?q" for `http://h`, `http://h?q`
};

// Whether the target has the shape scheme://... (a path that contains a URL doesn't).
[[nodiscard]] bool is_absolute_form(std::string_view target);
// Of a forward request. Errors: not_absolute_form, target_fragment, bad_authority, userinfo.
[[nodiscard]] base::Result<AbsoluteTarget> parse_absolute_form(std::string_view target);

}  // namespace sallyport::http
