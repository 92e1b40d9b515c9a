#include "reference/supervisor/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "reference/base/scalars.h"
#include "reference/supervisor/config_control.h"
#include "reference/supervisor/config_paths.h"

namespace sallyport::supervisor {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::uint16_t kDnsPort = 53;

constexpr const char* kSandboxProxy = "10.200.0.1:3128";

// What `run` settles itself.
void read_for_run(MapReader& map, const std::string& policy_file, Config& config) {
  config.listen.push_back(*net::Endpoint::parse(kSandboxProxy));
  config.policy_file = policy_file;
  if (map.has("listen"))
    map.complain("listen", "run listens inside its sandbox: remove listen, or use serve");
  if (map.has("policy")) map.complain("policy", "run has --policy: remove one of them");
  if (config.gateway && !policy_file.empty()) {
    map.complain("gateway", "with a gateway, the policy is the gateway's: remove --policy");
  } else if (!config.gateway && policy_file.empty()) {
    map.complain_at(map.self(), "run needs --policy FILE, or a gateway here");
  }
  if (!map.has("ca_output")) config.ca_output.clear();
}

void read_listen(MapReader& map, Config& config) {
  if (!map.has("listen")) {
    config.listen.push_back(*net::Endpoint::parse("127.0.0.1:3128"));
    return;
  }
  const std::vector<std::string> texts = map.texts("listen");
  if (texts.empty()) map.complain("listen", "listen needs at least one address");
  for (const std::string& text : texts) {
    const auto endpoint = net::Endpoint::parse(text);
    if (endpoint) {
      config.listen.push_back(*endpoint);
    } else {
      map.complain("listen", fmt::format("\"{}\" is not an address and a port "
                                         "(10.200.0.1:3128, [::1]:0)",
                                         text));
    }
  }
}

void read_policy(MapReader& map, Config& config) {
  if (config.gateway) {
    map.known({"policy", "routes"});  // complained about already
    return;
  }
  const Node* policy = map.require("policy");
  if (policy == nullptr) return;
  if (policy->is_map()) {
    // The tree outlives this call only as a shared node: find it among the map's entries.
    for (const auto& entry : map.self().entries) {
      if (entry.key == "policy") config.policy_inline = entry.value;
    }
    return;
  }
  if (policy->is_list()) {
    map.complain("policy", "policy is the path of a policy file, or the policy itself as a map");
    return;
  }
  if (const auto path = readable_path(map, "policy")) config.policy_file = *path;
}

void read_resolver(MapReader& parent, Config& config) {
  const Node* node = parent.map("resolver");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "resolver", parent.complaints());
  for (const std::string& text : map.texts("servers")) {
    if (const auto address = net::IpAddress::parse(text)) {
      config.resolver.servers.push_back(net::Endpoint{*address, kDnsPort});
    } else if (const auto endpoint = net::Endpoint::parse(text)) {
      config.resolver.servers.push_back(*endpoint);
    } else {
      map.complain("servers",
                   fmt::format("\"{}\" is not an address (10.0.0.53, 10.0.0.53:5353)", text));
    }
  }
  if (const auto path = readable_path(map, "hosts_file")) config.resolver.hosts_file = *path;
  const base::Duration bound = map.duration("timeout", config.limits.resolve);
  config.limits.resolve = std::chrono::duration_cast<std::chrono::milliseconds>(bound);
  map.finish();
}

void read_limit(MapReader& map, const base::LimitField& field, base::Limits& limits) {
  const std::string key(field.name);
  if (field.time != nullptr) {
    const base::Duration value = map.duration(key, limits.*field.time);
    if (value < std::chrono::milliseconds(1)) {
      map.complain(key, fmt::format("{} is at least 1ms", key));
      return;
    }
    limits.*field.time = std::chrono::ceil<std::chrono::milliseconds>(value);
    return;
  }
  const bool octets = field.name.ends_with("_bytes");
  const std::uint64_t value =
      octets ? map.size(key, limits.*field.count) : map.integer(key, limits.*field.count);
  if (value == 0) {
    map.complain(key, fmt::format("{} is at least 1", key));
    return;
  }
  limits.*field.count = value;
}

void read_limits(MapReader& parent, Config& config) {
  const Node* node = parent.map("limits");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "limits", parent.complaints());
  for (const base::LimitField& field : base::limit_fields()) {
    map.known({field.name});
    if (map.has(field.name)) read_limit(map, field, config.limits);
  }
  map.finish();
}

void read_audit(MapReader& parent, Config& config) {
  const Node* node = parent.map("audit");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "audit", parent.complaints());
  if (map.require("file") != nullptr) {
    if (const auto path = map.maybe_text("file")) {
      config.audit_file = resolve_path(parent.file(), *path);
    }
  }
  map.finish();
}

void read_forward_rule(MapReader& map, std::string_view key, Config& config) {
  static constexpr std::array<std::string_view, 2> kRules{"private", "shared"};
  if (map.word(key, kRules, "private") == "shared") config.forward = egress::ForwardRule::shared;
}

// The rule alone, or a map with it.
void read_forward(MapReader& parent, Config& config) {
  const Node* node = parent.node("forward");
  if (node == nullptr) return;
  if (!node->is_map()) {
    read_forward_rule(parent, "forward", config);
    return;
  }
  MapReader map(*node, parent.file(), "forward", parent.complaints());
  read_forward_rule(map, "rule", config);
  config.forward_keep_alive = map.boolean("keep_alive", true);
  map.finish();
}

void read_words(MapReader& map, Config& config) {
  static constexpr std::array<std::string_view, 2> kIdentity{"required", "endpoints_only"};
  if (map.has("identity")) {
    config.identity = map.word("identity", kIdentity, "required") == "required"
                          ? IdentityRule::required
                          : IdentityRule::endpoints_only;
  }
  static constexpr std::array<std::string_view, 2> kModes{"retain_last_valid", "fail_closed"};
  config.fail_closed =
      map.word("policy_validation_failure_mode", kModes, "retain_last_valid") == "fail_closed";
  static constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  const std::string level = map.word("log_level", kLevels, "info");
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (level == kLevels[i]) config.log_level = static_cast<base::LogLevel>(i);
  }
}

std::optional<Config> read_config(const Node& root, const std::string& file,
                                  base::Diagnostics& complaints,
                                  const std::string* run_policy = nullptr) {
  if (!root.is_map()) {
    complaints.add({file, root.mark, "the configuration is a map (listen, policy ...)", {}});
    return std::nullopt;
  }
  Config config;
  config.file = file;
  MapReader map(root, file, "the configuration", complaints);
  read_limits(map, config);  // before the resolver, whose timeout is one of them
  if (run_policy == nullptr) read_listen(map, config);
  read_control(map, config);
  if (run_policy == nullptr) {
    read_policy(map, config);
  } else {
    read_for_run(map, *run_policy, config);
  }
  if (!config.gateway && map.has("routes")) config.routes_file = readable_path(map, "routes");
  read_resolver(map, config);
  if (map.has("upstream_ca")) config.upstream_ca = readable_path(map, "upstream_ca");
  read_forward(map, config);
  if (map.has("credentials")) config.credentials_file = readable_path(map, "credentials");
  read_words(map, config);
  read_audit(map, config);
  if (const auto path = map.maybe_text("ca_output")) config.ca_output = resolve_path(file, *path);
  map.finish();
  if (!complaints.empty()) return std::nullopt;
  return config;
}

}  // namespace

std::string resolve_path(const std::string& config_file, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  const std::filesystem::path folder = std::filesystem::path(config_file).parent_path();
  return (folder / given).lexically_normal().string();
}

std::optional<std::string> readable_path(MapReader& map, std::string_view key) {
  const auto text = map.maybe_text(key);
  if (!text) return std::nullopt;
  const std::string path = resolve_path(map.file(), *text);
  if (::access(path.c_str(), R_OK) != 0) {
    map.complain(key, fmt::format("{} can't be read: {}", path, std::strerror(errno)));
  }
  return path;
}

std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                   base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse(text, file, complaints);
  if (root == nullptr) return std::nullopt;
  return read_config(*root, file, complaints);
}

std::optional<Config> load_config(const std::string& path, base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse_file(path, complaints);
  if (root == nullptr) return std::nullopt;
  return read_config(*root, path, complaints);
}

std::optional<Config> load_run_config(const std::string& path, const std::string& policy_file,
                                      base::Diagnostics& complaints) {
  base::yaml::NodePtr root;
  if (path.empty()) {
    root = base::yaml::parse("{}", policy_file, complaints);
  } else {
    root = base::yaml::parse_file(path, complaints);
  }
  if (root == nullptr) return std::nullopt;
  return read_config(*root, path.empty() ? policy_file : path, complaints, &policy_file);
}

}  // namespace sallyport::supervisor
