#include "reference/gateway/bundle.h"

#include <fmt/format.h>

#include <optional>

#include "reference/gateway/fingerprint.h"
#include "reference/gateway/provider_rules.h"
#include "reference/inference/profiles.h"
#include "reference/inference/routes.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kRevisionDigits = 16;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

const base::Secret* usable(const Provider& provider, const std::string& key, std::int64_t now_ms) {
  const auto found = provider.credentials.find(key);
  if (found == provider.credentials.end() || is_blank(found->second.reveal())) return nullptr;
  const auto expiry = provider.expires_at_ms.find(key);
  const bool expired = expiry != provider.expires_at_ms.end() && expiry->second <= now_ms;
  return expired ? nullptr : &found->second;
}

// The first of the profile's keys that has a value; a credential of another name only where there
// is no other that could be meant.
const base::Secret* api_key(const inference::Profile& profile, const Provider& provider,
                            std::int64_t now_ms) {
  for (const std::string_view key : profile.credential_keys) {
    if (const auto* value = usable(provider, std::string(key), now_ms)) return value;
  }
  if (provider.credentials.size() != 1) return nullptr;
  return usable(provider, provider.credentials.begin()->first, now_ms);
}

std::string base_url(const inference::Profile& profile, const Provider& provider) {
  for (const std::string_view key : profile.base_url_keys) {
    const auto found = provider.config.find(std::string(key));
    if (found != provider.config.end() && !is_blank(found->second)) return trimmed(found->second);
  }
  return std::string(profile.default_base_url);
}

std::string served_types() {
  std::string types;
  for (const std::string_view type : inference::profile_types()) {
    if (!types.empty()) types += ", ";
    types += type;
  }
  return types;
}

std::string revision_of(const std::vector<ResolvedRoute>& routes) {
  Fingerprint all;
  for (const ResolvedRoute& route : routes) {
    all.add(route.name).add(route.base_url).add(route.model).add(route.api_key.reveal());
    all.add(route.protocols.size());
    for (const std::string& protocol : route.protocols) all.add(protocol);
    all.add(route.provider_type).add(route.timeout_s);
  }
  return all.hex().substr(0, kRevisionDigits);
}

}  // namespace

Answer<ResolvedRoute> resolve_route(const std::string& name, const Route& route,
                                    const Provider& provider, std::int64_t now_ms) {
  const auto refuse = [](std::string why) {
    return refusal(rpc::Code::invalid_argument, std::move(why));
  };
  ResolvedRoute resolved;
  resolved.name = name;
  resolved.provider_type = normal_type(provider.type);
  const inference::Profile* const profile = inference::find_profile(resolved.provider_type);
  if (profile == nullptr) {
    return refuse(
        fmt::format("provider '{}' is of type '{}', which has no inference here; "
                    "supported types: {}",
                    provider.name, provider.type, served_types()));
  }
  resolved.protocols.assign(profile->protocols.begin(), profile->protocols.end());
  if (profile->auth.kind != inference::AuthKind::none) {
    const base::Secret* const key = api_key(*profile, provider, now_ms);
    if (key == nullptr) {
      return refuse(fmt::format("provider '{}' has no usable API key credential", provider.name));
    }
    resolved.api_key = *key;
  }
  resolved.base_url = base_url(*profile, provider);
  std::string reason;
  if (!inference::parse_base_url(resolved.base_url, reason)) {
    return refuse(fmt::format("provider '{}' has no usable base URL: {}", provider.name, reason));
  }
  resolved.model = route.model;
  resolved.timeout_s = route.timeout_s;
  return resolved;
}

Answer<Bundle> resolve_bundle(const State& state, std::int64_t now_ms) {
  Bundle bundle;
  if (const auto route = state.routes.find(kUserRoute); route != state.routes.end()) {
    const auto provider = state.providers.find(route->second.provider);
    if (provider == state.providers.end()) {
      return refusal(rpc::Code::failed_precondition,
                     fmt::format("configured provider '{}' was not found in workspace '{}'",
                                 route->second.provider, kWorkspace));
    }
    auto resolved = resolve_route(route->first, route->second, provider->second, now_ms);
    if (!resolved) return resolved.error();
    bundle.routes.push_back(std::move(*resolved));
  }
  bundle.revision = revision_of(bundle.routes);
  return bundle;
}

}  // namespace sallyport::gateway
