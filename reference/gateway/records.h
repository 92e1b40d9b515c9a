// What a gateway keeps, as values: no message of the wire, no text of a file. Copied freely; the
// one who changes them is the Store.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/secret.h"
#include "reference/rpc/status.h"

namespace sallyport::gateway {

// How operations answer: a value, or the status that the caller is told, text included.
template <class T>
using Answer = boost::system::result<T, rpc::Status>;

inline constexpr std::string_view kWorkspace = "default";  // the only one
inline constexpr std::string_view kUserRoute = "inference.local";
inline constexpr std::string_view kSystemRoute = "sandbox-system";  // reserved

// Where a credential of an attached provider may be sent. Host labels may be `*` or `**`.
struct CredentialEndpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string path;  // empty: any
  friend bool operator==(const CredentialEndpoint&, const CredentialEndpoint&) = default;
};

struct Provider {
  std::string id;
  std::string name;
  std::string type;  // as given; profiles are found by its normal form
  std::map<std::string, base::Secret> credentials;
  std::map<std::string, std::string> config;
  std::map<std::string, std::int64_t> expires_at_ms;  // by credential; absent: never
  std::vector<CredentialEndpoint> endpoints;
  std::int64_t created_at_ms = 0;
  std::uint64_t version = 1;  // of the record; up by one at each change
  friend bool operator==(const Provider&, const Provider&) = default;
};

struct Route {
  std::string provider;
  std::string model;
  std::uint64_t timeout_s = 0;  // 0: the supervisor's own
  std::uint64_t version = 1;    // up by one at each set
  friend bool operator==(const Route&, const Route&) = default;
};

// An operator's middleware service.
struct Registration {
  std::string name;
  std::string endpoint;
  std::uint64_t payload_bytes_max = 0;
  std::string timeout;  // empty: the default
  std::string ca_pem;
  std::string audience;
  bool allow_insecure_transport = false;
  friend bool operator==(const Registration&, const Registration&) = default;
};

// Where a policy lets the credentials of a provider go whose record states no endpoints.
struct PolicyBinding {
  std::string provider;
  CredentialEndpoint endpoint;
  friend bool operator==(const PolicyBinding&, const PolicyBinding&) = default;
};

struct PolicyRecord {
  std::string document;                      // canonical (policy/wire.h), admitted
  std::string hash;                          // hexadecimal SHA-256 of it
  std::vector<std::string> implementations;  // the middleware that it names, each once
  std::vector<PolicyBinding> bindings;       // its `credential_binding`s, in its order
  std::uint32_t version = 0;
  std::int64_t created_at_ms = 0;  // 0: of the configuration
  friend bool operator==(const PolicyRecord&, const PolicyRecord&) = default;
};

// What a supervisor said of the policy in force.
struct PolicyReport {
  std::uint32_t version = 0;  // of that policy
  std::string hash;           // the same
  bool loaded = false;        // else it couldn't
  std::string error;          // the supervisor's words
  std::int64_t at_ms = 0;
  friend bool operator==(const PolicyReport&, const PolicyReport&) = default;
};

struct Sandbox {
  std::string id;
  std::string name;
  std::optional<PolicyRecord> policy;  // authored; none: the global one
  std::vector<std::string> providers;  // attached, by name, in that order
  std::int64_t created_at_ms = 0;
  std::uint64_t version = 1;  // what the supervisor says changes it not
  // What the supervisor made of the policy in force, and the hash of that one then. Shown, never
  // delivered.
  std::optional<PolicyRecord> effective;
  std::string effective_of;
  std::optional<PolicyReport> report;  // the last
  std::uint32_t loaded_version = 0;    // of the last policy that was loaded; 0: none
  friend bool operator==(const Sandbox&, const Sandbox&) = default;

  // Whether a supervisor has said anything of itself: then what holds for its whole life is fixed.
  [[nodiscard]] bool is_live() const { return effective || report; }
};

// The tokens of a sandbox that were issued by call: the SHA-256 of each, the newest first.
struct IssuedTokens {
  std::vector<std::string> digests;
  friend bool operator==(const IssuedTokens&, const IssuedTokens&) = default;
};

// Everything, at one moment.
struct State {
  std::map<std::string, Provider, std::less<>> providers;   // by name
  std::map<std::string, Route, std::less<>> routes;         // by name
  std::map<std::string, Sandbox, std::less<>> sandboxes;    // by id
  std::map<std::string, IssuedTokens, std::less<>> tokens;  // by id of the sandbox
  std::vector<Registration> registrations;                  // by name
  std::optional<PolicyRecord> policy;                       // global
  // Random, of when versions began: with the process in memory, in a file when it was made or when
  // the configuration last changed something in it. A record that comes back under its old name and
  // version is thereby told from the one that was.
  std::string start;

  // By name, else by id; null when there is none.
  [[nodiscard]] const Sandbox* find_sandbox(std::string_view name_or_id) const;
  // Its own policy, else the global one; null when there is neither.
  [[nodiscard]] const PolicyRecord* in_force(const Sandbox& sandbox) const;
};

// 32 hexadecimal digits in the form of a UUID.
[[nodiscard]] std::string uuid(std::string_view digits);

[[nodiscard]] inline rpc::Status refusal(rpc::Code code, std::string message) {
  return {code, std::move(message)};
}

}  // namespace sallyport::gateway
