// What is known about each provider type: where it is, what it speaks, how it wants its key. A
// table after OpenShell crates/openshell-core/src/inference.rs. Pure.
#pragma once

#include <span>
#include <string_view>

namespace sallyport::inference {

// How a route's key is sent; exactly one field, or none.
enum class AuthKind {
  bearer,  // Authorization: Bearer KEY
  custom,  // NAME: KEY
  none,    // nothing: the upstream is fronted by something that knows
};

struct AuthHeader {
  AuthKind kind = AuthKind::bearer;
  std::string_view name;  // of `custom`, lower case; static storage
  friend bool operator==(const AuthHeader&, const AuthHeader&) = default;
};

struct HeaderDefault {
  std::string_view name;  // lower case
  std::string_view value;
};

struct Profile {
  std::string_view type;
  std::string_view default_base_url;
  std::span<const std::string_view> protocols;
  std::span<const std::string_view> credential_keys;  // in order of preference
  std::span<const std::string_view> base_url_keys;
  AuthHeader auth;
  std::span<const HeaderDefault> default_headers;
  std::span<const std::string_view> passthrough_headers;
};

// Null for a type that has no profile.
[[nodiscard]] const Profile* find_profile(std::string_view type);
// The types that have one, in the table's order.
[[nodiscard]] std::span<const std::string_view> profile_types();
// Known to the field system and not served here (google-vertex-ai, aws-bedrock): refused by name.
[[nodiscard]] bool is_unserved_type(std::string_view type);
// The protocols that a route may list: those that a pattern names and a profile serves.
[[nodiscard]] std::span<const std::string_view> served_protocols();

}  // namespace sallyport::inference
