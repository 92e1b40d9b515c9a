#include "reference/supervisor/generations.h"

#include <fmt/format.h>

#include "reference/credentials/credentials_file.h"
#include "reference/middleware/built_ins.h"
#include "reference/policy/loader.h"

namespace sallyport::supervisor {
namespace {

// A gateway asks every implementation about its config before it takes a policy. Files are judged
// here: built-ins say at once what they think, and a name that only they may bear must be one of
// them. Of other names nothing is known yet; each entry's on_error decides
// (OpenShell crates/openshell-supervisor-middleware-builtins/src/lib.rs validate_config).
void judge_built_ins(const base::yaml::Node& document, const std::string& file,
                     const policy::Policy& policy, base::Diagnostics& complaints) {
  for (const policy::Middleware& one : policy.network_middlewares) {
    if (!one.implementation.starts_with(middleware::kBuiltInPrefix)) continue;
    const bool known = middleware::is_built_in(one.implementation);
    const std::string fault =
        known ? middleware::built_in_config_fault(one.implementation, one.config_json)
              : fmt::format("middleware '{}' is not registered; built in are {} and {}",
                            one.implementation, middleware::kSecrets, middleware::kRegex);
    if (fault.empty()) continue;
    // The loader has found the entry here, and an absent config is sound.
    const base::yaml::Node& entry = *document.find("network_middlewares")->find(one.key);
    const base::yaml::Node& place = *entry.find(known ? "config" : "middleware");
    complaints.add({file, place.mark,
                    fmt::format("middleware config '{}' is invalid: {}", one.key, fault),
                    place.used_at});
  }
}

std::optional<policy::Policy> read_policy(const Config& config, const Programs& programs,
                                          base::Diagnostics& complaints,
                                          base::Diagnostics& warnings) {
  if (config.gateway) return policy::Policy();
  const std::string& file = config.policy_inline ? config.file : config.policy_file;
  const base::yaml::NodePtr document =
      config.policy_inline ? config.policy_inline : base::yaml::parse_file(file, complaints);
  if (document == nullptr) return std::nullopt;
  auto policy = policy::load_policy(*document, file, complaints, &warnings);
  if (!policy) return std::nullopt;
  judge_built_ins(*document, file, *policy, complaints);
  judge_binaries(*document, file, programs, complaints);
  // What it would refuse has been complained about, with its place.
  static_cast<void>(adopt_policy(programs, *policy));
  return policy;
}

}  // namespace

std::shared_ptr<egress::Generation> build_generation(const Config& config, const Programs& programs,
                                                     double slow,
                                                     const inference::Environment& environment,
                                                     base::Diagnostics& complaints,
                                                     base::Diagnostics& warnings) {
  auto generation = std::make_shared<egress::Generation>();
  auto policy = read_policy(config, programs, complaints, warnings);
  if (config.routes_file) {
    generation->routes = std::make_shared<const inference::Routes>(
        inference::load_routes_file(*config.routes_file, environment, complaints));
  }
  if (config.credentials_file) {
    auto store = credentials::load_credentials(*config.credentials_file, environment, complaints);
    if (store) {
      generation->credentials = std::make_shared<const credentials::Store>(std::move(*store));
    }
  }
  if (!policy || !complaints.empty()) return nullptr;
  generation->policy = std::move(*policy);
  generation->limits = config.limits.scaled(slow);
  generation->forward = config.forward;
  generation->forward_keep_alive = config.forward_keep_alive;
  generation->fail_closed = config.fail_closed;
  return generation;
}

Generations::Generations(std::shared_ptr<egress::Generation> first) { install(std::move(first)); }

std::shared_ptr<const egress::Generation> Generations::current() const {
  return current_.load(std::memory_order_acquire);
}

std::shared_ptr<const egress::Generation> Generations::install(
    std::shared_ptr<egress::Generation> next) {
  next->number = ++number_;
  std::shared_ptr<const egress::Generation> installed = std::move(next);
  current_.store(installed, std::memory_order_release);
  if (installed_) installed_(*installed);
  news().tell();
  return installed;
}

void Generations::watch(std::function<void(const egress::Generation&)> installed) {
  installed_ = std::move(installed);
}

}  // namespace sallyport::supervisor
