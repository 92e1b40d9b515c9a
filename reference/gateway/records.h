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
inline constexpr std::string_view kSystemRoute = "sandbox-system";

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
};

struct Route {
  std::string provider;
  std::string model;
  std::uint64_t timeout_s = 0;  // 0: the supervisor's own
  std::uint64_t version = 1;    // up by one at each set
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

struct PolicyRecord {
  std::string document;                      // canonical (policy/wire.h), admitted
  std::string hash;                          // hexadecimal SHA-256 of it
  std::vector<std::string> implementations;  // the middleware that it names, each once
  std::uint32_t version = 0;
};

struct Sandbox {
  std::string id;
  std::string name;
  std::optional<PolicyRecord> policy;  // none: the global one
  std::vector<std::string> providers;  // attached, by name, in that order
  std::int64_t created_at_ms = 0;
  std::uint64_t version = 1;
};

// Everything, at one moment.
struct State {
  std::map<std::string, Provider, std::less<>> providers;  // by name
  std::map<std::string, Route, std::less<>> routes;        // by name
  std::map<std::string, Sandbox, std::less<>> sandboxes;   // by id
  std::vector<Registration> registrations;                 // by name
  std::optional<PolicyRecord> policy;                      // global
  // Of this start of the gateway, random: versions begin again at 1 with each, whatever the values.
  std::string start;

  // By name, else by id; null when there is none.
  [[nodiscard]] const Sandbox* find_sandbox(std::string_view name_or_id) const;
};

// 32 hexadecimal digits in the form of a UUID.
[[nodiscard]] std::string uuid(std::string_view digits);

[[nodiscard]] inline rpc::Status refusal(rpc::Code code, std::string message) {
  return {code, std::move(message)};
}

}  // namespace sallyport::gateway
