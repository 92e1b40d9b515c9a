#include "reference/supervisor/generations.h"

#include "reference/policy/loader.h"

namespace sallyport::supervisor {
namespace {

std::optional<policy::Policy> read_policy(const Config& config, base::Diagnostics& complaints,
                                          base::Diagnostics& warnings) {
  if (config.gateway) return policy::Policy();
  if (config.policy_inline) {
    return policy::load_policy(*config.policy_inline, config.file, complaints, &warnings);
  }
  return policy::load_policy_file(config.policy_file, complaints, &warnings);
}

}  // namespace

std::shared_ptr<egress::Generation> build_generation(const Config& config, double slow,
                                                     const inference::Environment& environment,
                                                     base::Diagnostics& complaints,
                                                     base::Diagnostics& warnings) {
  auto generation = std::make_shared<egress::Generation>();
  auto policy = read_policy(config, complaints, warnings);
  if (config.routes_file) {
    generation->routes = std::make_shared<const inference::Routes>(
        inference::load_routes_file(*config.routes_file, environment, complaints));
  }
  if (!policy || !complaints.empty()) return nullptr;
  generation->policy = std::move(*policy);
  generation->limits = config.limits.scaled(slow);
  generation->forward = config.forward;
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
  return installed;
}

void Generations::watch(std::function<void(const egress::Generation&)> installed) {
  installed_ = std::move(installed);
}

}  // namespace sallyport::supervisor
