#include "reference/gateway/provider_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/scalars.h"
#include "reference/inference/profiles.h"
#include "reference/inference/routes.h"
#include "reference/policy/host_pattern.h"

namespace sallyport::gateway {
namespace {

constexpr std::uint64_t kPortMax = 65535;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

template <class Map, class Size>
std::optional<std::string> entries_fault(const Map& entries, std::string_view what,
                                         std::size_t most, Size size_of) {
  if (entries.size() > most) {
    return fmt::format("a provider has at most {} entries of {}", most, what);
  }
  for (const auto& [key, value] : entries) {
    if (key.empty()) return fmt::format("a key of {} is empty", what);
    if (key.size() > kKeyBytesMax) {
      return fmt::format("a key of {} has more than {} octets", what, kKeyBytesMax);
    }
    if (size_of(value) > kValueBytesMax) {
      return fmt::format("the value of '{}' in {} has more than {} octets", key, what,
                         kValueBytesMax);
    }
  }
  return std::nullopt;
}

// Values become parts of header fields as they are; a line end is more often a file's than a key's.
std::optional<std::string> values_fault(const Provider& record) {
  for (const auto& [key, secret] : record.credentials) {
    const std::string_view value = secret.reveal();
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return fmt::format("the value of '{}' in credentials has a CR, LF or NUL", key);
    }
    if (!value.empty() &&
        (is_blank(value.substr(0, 1)) || is_blank(value.substr(value.size() - 1)))) {
      return fmt::format("the value of '{}' in credentials begins or ends with white space", key);
    }
  }
  return std::nullopt;
}

// A route through a base URL that no supervisor can use would only fail later, and elsewhere.
std::optional<std::string> base_url_fault(const Provider& record) {
  const inference::Profile* const profile = inference::find_profile(normal_type(record.type));
  if (profile == nullptr) return std::nullopt;
  for (const std::string_view key : profile->base_url_keys) {
    const auto found = record.config.find(std::string(key));
    if (found == record.config.end() || is_blank(found->second)) continue;
    std::string reason;
    if (!inference::parse_base_url(found->second, reason)) {
      return fmt::format("{} is not a base URL: {}", key, reason);
    }
  }
  return std::nullopt;
}

std::optional<std::string> endpoints_fault(const Provider& record) {
  if (record.endpoints.size() > kEndpointsMax) {
    return fmt::format("a provider has at most {} endpoints", kEndpointsMax);
  }
  for (const CredentialEndpoint& endpoint : record.endpoints) {
    if (!parse_credential_endpoint(to_string(endpoint))) {
      return fmt::format("'{}' is not HOST:PORT or HOST:PORT/PATH", to_string(endpoint));
    }
    if (const auto wrong = policy::HostPattern::fault(endpoint.host)) {
      return fmt::format("the endpoint '{}': {}", to_string(endpoint), *wrong);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string normal_type(std::string_view type) {
  static constexpr std::array<std::string_view, 4> kVertex{"vertex", "vertex-ai", "google-vertex",
                                                           "gcp-vertex"};
  const std::size_t first = type.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  const std::size_t last = type.find_last_not_of(" \t\r\n");
  std::string normal(type.substr(first, last - first + 1));
  std::transform(normal.begin(), normal.end(), normal.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::find(kVertex.begin(), kVertex.end(), normal) == kVertex.end() ? normal
                                                                            : "google-vertex-ai";
}

std::optional<std::string> fault(const Provider& record) {
  if (is_blank(record.name)) return "a provider needs a name";
  if (record.name.size() > kNameBytesMax) {
    return fmt::format("a provider's name has at most {} octets", kNameBytesMax);
  }
  if (is_blank(record.type)) return "a provider needs a type";
  if (record.type.size() > kTypeBytesMax) {
    return fmt::format("a provider's type has at most {} octets", kTypeBytesMax);
  }
  const auto secret = [](const base::Secret& value) { return value.reveal().size(); };
  const auto plain = [](const std::string& value) { return value.size(); };
  if (auto wrong = entries_fault(record.credentials, "credentials", kCredentialsMax, secret)) {
    return wrong;
  }
  if (auto wrong = values_fault(record)) return wrong;
  if (auto wrong = entries_fault(record.config, "config", kConfigMax, plain)) return wrong;
  if (auto wrong = endpoints_fault(record)) return wrong;
  for (const auto& [key, at] : record.expires_at_ms) {
    if (at < 0) return fmt::format("the expiry of '{}' is negative", key);
    if (!record.credentials.contains(key)) {
      return fmt::format("'{}' has an expiry and no value", key);
    }
  }
  return base_url_fault(record);
}

Answer<Provider> merged(Provider record, const ProviderChange& change) {
  if (change.expected_version != 0 && change.expected_version != record.version) {
    return refusal(rpc::Code::aborted,
                   fmt::format("provider '{}' has changed: it is version {}, not {}", record.name,
                               record.version, change.expected_version));
  }
  if (!change.type.empty() && normal_type(change.type) != normal_type(record.type)) {
    return refusal(rpc::Code::invalid_argument,
                   fmt::format("provider '{}' is of type '{}': a type cannot be changed",
                               record.name, record.type));
  }
  for (const auto& [key, value] : change.credentials) {
    if (value.empty()) {
      record.credentials.erase(key);
      record.expires_at_ms.erase(key);
    } else {
      record.credentials.insert_or_assign(key, value);
    }
  }
  for (const auto& [key, value] : change.config) {
    if (value.empty()) {
      record.config.erase(key);
    } else {
      record.config.insert_or_assign(key, value);
    }
  }
  for (const auto& [key, at] : change.expires_at_ms) {
    if (at <= 0) {
      record.expires_at_ms.erase(key);
    } else {
      record.expires_at_ms.insert_or_assign(key, at);
    }
  }
  if (change.endpoints) record.endpoints = *change.endpoints;
  if (auto wrong = fault(record)) return refusal(rpc::Code::invalid_argument, *wrong);
  ++record.version;
  return record;
}

std::optional<CredentialEndpoint> parse_credential_endpoint(std::string_view text) {
  CredentialEndpoint endpoint;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    endpoint.path = text.substr(slash);
    text = text.substr(0, slash);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > kNameBytesMax || endpoint.path.size() > kValueBytesMax ||
      host.find_first_of(" \t\r\n/@[]") != std::string_view::npos ||
      (!bracketed && host.find(':') != std::string_view::npos)) {
    return std::nullopt;
  }
  const auto port = base::parse_integer(text.substr(colon + 1));
  if (!port || *port == 0 || *port > kPortMax) return std::nullopt;
  endpoint.host = host;
  endpoint.port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

std::string to_string(const CredentialEndpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}{}", v6 ? "[" : "", endpoint.host, v6 ? "]" : "", endpoint.port,
                     endpoint.path);
}

}  // namespace sallyport::gateway
