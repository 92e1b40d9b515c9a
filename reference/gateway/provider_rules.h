// What a provider record may be and how one is changed. Pure. Limits and merge rules follow
// OpenShell crates/openshell-server/src/grpc/{validation,provider}.rs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gateway/records.h"

namespace sallyport::gateway {

// Octets and entries of one record (docs/gateway.md). Over any: INVALID_ARGUMENT, nothing stored.
inline constexpr std::size_t kNameBytesMax = 253;
inline constexpr std::size_t kTypeBytesMax = 64;
inline constexpr std::size_t kCredentialsMax = 32;
inline constexpr std::size_t kConfigMax = 64;
inline constexpr std::size_t kKeyBytesMax = 256;
inline constexpr std::size_t kValueBytesMax = 8192;
inline constexpr std::size_t kEndpointsMax = 32;

// An update as it was asked for; what is empty or absent stays as it is.
struct ProviderChange {
  std::string name;
  std::string type;                                          // must be the record's when given
  std::map<std::string, base::Secret> credentials;           // an empty value deletes the key
  std::map<std::string, std::string> config;                 // the same
  std::map<std::string, std::int64_t> expires_at_ms;         // 0 or less deletes
  std::optional<std::vector<CredentialEndpoint>> endpoints;  // replaces all
  std::uint64_t expected_version = 0;                        // 0: whichever is there
};

// Nothing when the record may be stored, else why not. Never names a value.
[[nodiscard]] std::optional<std::string> fault(const Provider& record);

// The record after the change, version included. INVALID_ARGUMENT or ABORTED.
[[nodiscard]] Answer<Provider> merged(Provider record, const ProviderChange& change);

// trim, lower case, and the aliases of google-vertex-ai.
[[nodiscard]] std::string normal_type(std::string_view type);

// `HOST:PORT` or `HOST:PORT/PATH`; IPv6 in brackets.
[[nodiscard]] std::optional<CredentialEndpoint> parse_credential_endpoint(std::string_view text);
[[nodiscard]] std::string to_string(const CredentialEndpoint& endpoint);

}  // namespace sallyport::gateway
