// Secrets in text, by what they look like. A JSON document stays one: only what stands between a
// string's quotes is replaced, or a whole number by a string. Linear in the text. Pure.
//
// Follows OpenShell crates/openshell-supervisor-middleware-builtins/src/regex.rs, now and as first
// merged (PR 2027).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::middleware {

inline constexpr std::string_view kRedacted = "[REDACTED]";

struct Redaction {
  std::string text;           // empty where nothing was found: it stands as it was
  std::uint32_t keyword = 0;  // values assigned to api_key, access_token, secret, password
  std::uint32_t openai = 0;   // tokens that begin with `sk-`
};

// `sk-` and sixteen or more of `[A-Za-z0-9_-]`.
[[nodiscard]] Redaction redact_tokens(std::string_view text);
// The values of assignments (`password=x`, `"api_key": "x"`, also in JSON within a JSON string)
// first, then tokens. `text` is UTF-8.
[[nodiscard]] Redaction redact_secrets(std::string_view text);

}  // namespace sallyport::middleware
