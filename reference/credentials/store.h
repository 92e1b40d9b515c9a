// Credentials of the providers that are attached to a sandbox: agents hold placeholders, and the
// supervisor puts the value in, on the way to the endpoints that the credential is bound to and
// nowhere else. Immutable; a generation owns one. Pure.
//
// Follows OpenShell crates/openshell-core/src/provider_credentials.rs and secrets.rs. A placeholder
// that was handed out before a rotation resolves to the value of now as long as the credential's
// identity is the same; one whose credential is gone never resolves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/secret.h"

namespace sallyport::credentials {

// How many revisions, the present one included, have placeholders that resolve.
inline constexpr std::size_t kRevisionsMax = 8;

// Where a credential may be sent.
struct Binding {
  std::string host;  // a pattern: `*` is one label, `**` one or more
  std::uint16_t port = 0;
  // Empty, `**` and `/**`: any. `X/**`: X and what is below it. Else a glob whose `*` crosses `/`;
  // one with `**` elsewhere, or with `[`, stands for itself.
  std::string path;
};

struct Credential {
  std::string key;       // the environment variable that agents find the placeholder in
  std::string identity;  // who it is; another identity is another credential
  std::string provider;  // whose it is, where that is known: a policy's endpoints may bind it
  base::Secret value;
  std::vector<Binding> bindings;   // empty: where a policy binds its provider, else nowhere
  std::int64_t expires_at_ms = 0;  // wall clock; 0: never
};

enum class Refusal {
  none,
  endpoint_mismatch,  // bound, but not to this endpoint
  unavailable,        // unknown, expired, malformed, or not sendable in that place
};

struct Resolved {
  Refusal refusal = Refusal::none;
  std::string value;  // the field's value, or the target, with the secret in it
  std::string key;    // of the credential that was refused, where one was named
};

// Where a request goes: a credential's bindings are held against it.
struct Endpoint {
  std::string_view host;  // as an intent has it
  std::uint16_t port = 0;
  std::string_view path;  // canonical, without the query; as redact_path() has it
  bool clear = false;     // plain HTTP: nothing is placed on port 443 then
  // Whose credentials without bindings the policy binds to this endpoint
  // (`credential_binding.provider`).
  std::span<const std::string_view> providers{};
};

class Store {
 public:
  Store() = default;
  // `revision`: that the placeholders of `all` carry (`openshell:resolve:env:v<revision>_KEY`).
  // Left out: credentials whose key is no variable's name, reads as a revision or a handle itself,
  // or is there twice.
  Store(std::uint64_t revision, std::vector<Credential> all);

  // The placeholders for agents, by variable.
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  // The store after an update: what `next` holds. Placeholders of the last kRevisionsMax revisions
  // go on resolving where the identity is the same. That of a credential which is gone meanwhile
  // resolves again when it comes back; of another identity it never does.
  [[nodiscard]] static Store succeed(const Store& before, Store next);

  // A field's value with its placeholders replaced; nothing when it holds none. A placeholder may
  // be the whole value, stand behind one word (`Bearer`), or in the text that `Basic` encodes.
  [[nodiscard]] std::optional<Resolved> resolve_field(std::string_view value,
                                                      const Endpoint& endpoint,
                                                      std::int64_t now_ms) const;

  // A request target in origin form with its placeholders replaced, in segments of the path and in
  // values of the query, each encoded as its place needs it; nothing when it holds none. Never a
  // value that would make another path of it.
  [[nodiscard]] std::optional<Resolved> resolve_target(std::string_view target,
                                                       const Endpoint& endpoint,
                                                       std::int64_t now_ms) const;

  // Whether some credential may go to this host and port, whatever the path.
  [[nodiscard]] bool binds(const Endpoint& endpoint) const;

 private:
  // How the parts of a text around and in place of its placeholders are written.
  struct Spelling {
    std::string (*literal)(std::string_view text) = nullptr;
    std::string (*value)(std::string_view text) = nullptr;
  };
  struct Issued {
    std::uint64_t revision = 0;
    std::string identity;
  };
  [[nodiscard]] Resolved resolve_token(std::string_view token, const Endpoint& endpoint,
                                       std::int64_t now_ms) const;
  [[nodiscard]] Resolved resolve_text(std::string_view text, const Spelling& spelling,
                                      const Endpoint& endpoint, std::int64_t now_ms) const;
  [[nodiscard]] Resolved resolve_segment(std::string_view segment, const Endpoint& endpoint,
                                         std::int64_t now_ms) const;
  [[nodiscard]] Resolved resolve_parameter(std::string_view parameter, const Endpoint& endpoint,
                                           std::int64_t now_ms) const;
  [[nodiscard]] std::optional<Resolved> resolve_basic(std::string_view scheme,
                                                      std::string_view encoded,
                                                      const Endpoint& endpoint,
                                                      std::int64_t now_ms) const;
  [[nodiscard]] const Credential* find(std::string_view key, std::uint64_t revision) const;

  std::uint64_t revision_ = 0;
  std::map<std::string, Credential, std::less<>> all_;              // by key
  std::vector<std::uint64_t> revisions_;                            // oldest first
  std::map<std::string, std::vector<Issued>, std::less<>> issued_;  // by key, of `revisions_`
};

// Whether `text` holds a placeholder, or what might become one: plain or percent-encoded once.
[[nodiscard]] bool holds_placeholder(std::string_view text);

// Whether a binding is for this host and port.
[[nodiscard]] bool leads_to(const Binding& binding, const Endpoint& endpoint);
// The same, and for this path.
[[nodiscard]] bool allows(const Binding& binding, const Endpoint& endpoint);

}  // namespace sallyport::credentials
