// The placeholder's grammar: what agents hold in place of a credential. Pure.
//
// Follows OpenShell crates/openshell-core/src/secrets.rs. Of its four forms the one with a revision
// is issued and resolved here; the others (without a revision, with a handle `s<64 hex>_`, and the
// alias `xOPENSHELL-RESOLVE-ENV-KEY`) are recognised, so that they are refused and not sent on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::credentials {

// What every placeholder but the alias begins with, and what the alias holds.
inline constexpr std::string_view kMarker = "openshell:resolve:env:";
inline constexpr std::string_view kAliasMarker = "OPENSHELL-RESOLVE-ENV-";

struct Placeholder {
  std::uint64_t revision = 0;
  std::string_view key;  // into the text that was read
};

// `token` as a whole. Nothing: no such form.
[[nodiscard]] std::optional<Placeholder> read_placeholder(std::string_view token);
// How many octets from the front of `text`, which begins with kMarker, are one token.
[[nodiscard]] std::size_t token_size(std::string_view text);

[[nodiscard]] std::string write_placeholder(std::uint64_t revision, std::string_view key);

// Whether a target holds a marker that is no placeholder of any form: one without a key, or an
// alias without a prefix. Plain or percent-encoded once.
[[nodiscard]] bool holds_malformed_placeholder(std::string_view target);

// A path as events, denials and bindings see it: `[CREDENTIAL]` in the place of each placeholder,
// and of a whole segment that hides one behind escapes.
[[nodiscard]] std::string redact_path(std::string_view path);

// `text` with its escapes decoded once; a `%` that begins none stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

// Whether agents can be given a placeholder for this variable: a name of letters, digits and `_`
// that doesn't begin as `v<digits>_` or `s<64 hex>_`, which would read as another key's.
[[nodiscard]] bool is_usable_key(std::string_view key);

}  // namespace sallyport::credentials
