#include "reference/gateway/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/gateway/admission.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/config_access.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/fingerprint.h"
#include "reference/gateway/provider_rules.h"
#include "reference/policy/loader.h"
#include "reference/policy/wire.h"

namespace sallyport::gateway {
namespace {

using base::yaml::Entry;
using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::size_t kUuidDigits = 32;

struct Reading {
  const std::string& file;
  std::int64_t now_ms;
  const Environment& environment;
  base::Diagnostics& complaints;

  void complain(const Node& node, std::string message) const {
    complaints.add({file, node.mark, std::move(message), node.used_at});
  }
};

// The same at each start, so that a supervisor which outlives a gateway takes a credential for the
// one that it had.
std::string id_of(std::string_view kind, std::string_view name) {
  Fingerprint all;
  return uuid(all.add(kind).add(name).hex().substr(0, kUuidDigits));
}

// A credential: the value itself, or where it is. No complaint shows a value.
base::Secret read_secret(const Entry& entry, const Reading& at) {
  const Node& node = *entry.value;
  if (node.is_scalar()) {
    if (node.text.empty()) at.complain(node, fmt::format("{} is empty", entry.key));
    return base::Secret(node.text);
  }
  MapReader map(node, at.file, "a credential", at.complaints);
  if (!node.is_map()) return {};
  const auto variable = map.maybe_text("env");
  const auto path = map.maybe_text("file");
  map.finish();
  if (variable.has_value() == path.has_value()) {
    at.complain(node, "a credential is its value, {env: VARIABLE} or {file: PATH}");
    return {};
  }
  std::string why = fmt::format("environment variable {} is not set", variable.value_or(""));
  auto value = variable ? at.environment(*variable)
                        : read_small_file(path_beside(at.file, *path), kValueBytesMax + 2, why);
  if (!value) {
    at.complain(node, why);
    return {};
  }
  while (path && !value->empty() && (value->back() == '\n' || value->back() == '\r')) {
    value->pop_back();
  }
  if (value->empty()) at.complain(node, fmt::format("{} is empty", entry.key));
  return base::Secret(std::move(*value));
}

void read_endpoints(MapReader& map, Provider& provider) {
  for (const auto& item : map.list("endpoints")) {
    MapReader one(*item, map.file(), "an endpoint of a provider", map.complaints());
    if (!item->is_map()) continue;
    CredentialEndpoint endpoint;
    if (one.require("host") != nullptr) endpoint.host = one.text("host");
    if (one.require("port") != nullptr) {
      endpoint.port = static_cast<std::uint16_t>(one.integer("port", 0, 1, 65535));
    }
    endpoint.path = one.text("path");
    one.finish();
    provider.endpoints.push_back(std::move(endpoint));
  }
}

void read_provider(const Entry& entry, const Reading& at, State& state) {
  MapReader map(*entry.value, at.file, "a provider", at.complaints);
  if (!entry.value->is_map()) return;
  const std::size_t before = at.complaints.all().size();
  Provider provider;
  provider.id = id_of("provider", entry.key);
  provider.name = entry.key;
  provider.created_at_ms = at.now_ms;
  if (map.require("type") != nullptr) provider.type = map.text("type");
  if (const Node* const credentials = map.map("credentials")) {
    for (const Entry& one : credentials->entries) {
      provider.credentials.emplace(one.key, read_secret(one, at));
    }
  }
  if (const Node* const config = map.map("config")) {
    for (const Entry& one : config->entries) {
      const auto text = base::yaml::as_text(*one.value, at.file, at.complaints);
      provider.config.emplace(one.key, text.value_or(""));
    }
  }
  read_endpoints(map, provider);
  map.finish();
  if (at.complaints.all().size() == before) {
    if (const auto wrong = fault(provider)) at.complain(*entry.value, *wrong);
  }
  state.providers.emplace(provider.name, std::move(provider));
}

void read_route(MapReader& parent, const Reading& at, State& state) {
  const Node* const node = parent.map("inference");
  if (node == nullptr) return;
  MapReader map(*node, at.file, "inference", at.complaints);
  const std::size_t before = at.complaints.all().size();
  Route route;
  refuse_old_keys(map);
  if (map.require("provider") != nullptr) route.provider = map.text("provider");
  if (map.require("model") != nullptr) route.model = map.text("model");
  const base::Duration timeout = map.duration("timeout", base::Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  if (seconds != timeout) map.complain("timeout", "a route's timeout is a number of whole seconds");
  route.timeout_s = static_cast<std::uint64_t>(seconds.count());
  map.finish();
  if (at.complaints.all().size() > before) return;
  const auto provider = state.providers.find(route.provider);
  if (provider == state.providers.end()) {
    map.complain("provider", fmt::format("there is no provider '{}'", route.provider));
    return;
  }
  const auto resolved = resolve_route(std::string(kUserRoute), route, provider->second, at.now_ms);
  if (!resolved) return map.complain("provider", resolved.error().message);
  state.routes.emplace(kUserRoute, std::move(route));
}

// A policy file, or the policy itself as a map.
std::optional<PolicyRecord> read_policy(MapReader& map, const Reading& at,
                                        const std::vector<Registration>& registrations) {
  const Node* const node = map.node("policy");
  if (node == nullptr) return std::nullopt;
  const std::size_t before = at.complaints.all().size();
  openshell::sandbox::v1::SandboxPolicy message;
  if (node->is_map()) {
    if (policy::load_policy(*node, at.file, at.complaints)) message = policy::policy_message(*node);
  } else if (const auto path = map.maybe_text("policy")) {
    message = read_policy_file(path_beside(at.file, *path), at.complaints);
  }
  if (at.complaints.all().size() > before) return std::nullopt;
  PolicyRecord record = record_of(message);
  record.version = 1;
  if (const std::string name = unregistered(record, registrations); !name.empty()) {
    map.complain("policy",
                 fmt::format("the policy names middleware '{}', which is not registered", name));
  }
  return record;
}

void read_sandbox(const Node& node, const Reading& at, Config& config) {
  State& state = config.initial;
  MapReader map(node, at.file, "a sandbox", at.complaints);
  if (!node.is_map()) return;
  Sandbox sandbox;
  if (map.require("id") != nullptr) sandbox.id = map.text("id");
  if (map.has("id") && sandbox.id.empty()) map.complain("id", "a sandbox needs an id");
  sandbox.name = map.text("name", sandbox.id);
  sandbox.created_at_ms = at.now_ms;
  sandbox.policy = read_policy(map, at, state.registrations);
  for (const std::string& name : map.texts("providers")) {
    auto& attached = sandbox.providers;
    if (!state.providers.contains(name)) {
      map.complain("providers", fmt::format("there is no provider '{}'", name));
    } else if (std::find(attached.begin(), attached.end(), name) == attached.end()) {
      attached.push_back(name);
    }
  }
  read_sandbox_token(map, sandbox.id, config);
  map.finish();
  if (state.find_sandbox(sandbox.id) != nullptr || state.find_sandbox(sandbox.name) != nullptr) {
    map.complain("id", "another sandbox has this id or name");
  }
  state.sandboxes.emplace(sandbox.id, std::move(sandbox));
}

std::optional<Config> read_config(const Node& root, const Reading& at) {
  if (!root.is_map()) {
    at.complain(root, "the configuration is a map (listen, providers ...)");
    return std::nullopt;
  }
  Config config;
  config.file = at.file;
  MapReader map(root, at.file, "the configuration", at.complaints);
  refuse_old_keys(map);
  read_access(map, config);
  const std::string kept = map.text("state", std::string(kInMemory));
  if (kept.empty()) map.complain("state", "state is a file, or `memory`");
  if (kept != kInMemory) config.state_file = path_beside(at.file, kept);
  static constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  const std::string level = map.word("log_level", kLevels, "info");
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (level == kLevels[i]) config.log_level = static_cast<base::LogLevel>(i);
  }
  config.probe = read_probe_options(map);
  State& state = config.initial;
  state.registrations = read_registrations(map, "middleware");
  std::sort(state.registrations.begin(), state.registrations.end(),
            [](const Registration& a, const Registration& b) { return a.name < b.name; });
  if (const Node* const providers = map.map("providers")) {
    for (const Entry& entry : providers->entries) read_provider(entry, at, state);
  }
  read_route(map, at, state);
  state.policy = read_policy(map, at, state.registrations);
  for (const auto& item : map.list("sandboxes")) read_sandbox(*item, at, config);
  map.finish();
  if (!at.complaints.empty()) return std::nullopt;
  return config;
}

}  // namespace

std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                   std::int64_t now_ms, const Environment& environment,
                                   base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse(text, file, complaints);
  if (root == nullptr) return std::nullopt;
  return read_config(*root, Reading{file, now_ms, environment, complaints});
}

std::optional<Config> load_config(const std::string& path, std::int64_t now_ms,
                                  const Environment& environment, base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse_file(path, complaints);
  if (root == nullptr) return std::nullopt;
  return read_config(*root, Reading{path, now_ms, environment, complaints});
}

}  // namespace sallyport::gateway
