#include "simulator/scenario/plan.h"

#include <algorithm>
#include <array>

#include "simulator/scenario/defaults.h"
#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array<std::string_view, 26> kOrder{
    "scenario",    "reproduces", "requirement", "kills",      "source", "tags",    "known_issue",
    "yields",      "needs",      "timeout",     "seed",       "matrix", "hosts",   "networks",
    "dns",         "firewall",   "providers",   "middleware", "decoys", "gateway", "supervisor",
    "supervisors", "policy",     "inference",   "steps",      "expect"};

}  // namespace

std::string to_yaml(const Scenario& scenario) {
  const NodePtr full = with_defaults(scenario.tree, {scenario.seed, false});
  // In the order of the reference; what `include` named has been merged in.
  NodePtr out = make_map(*full);
  for (const std::string_view key : kOrder) {
    const NodePtr value = full->at(key);
    if (value) out = with(*out, std::string(key), value);
  }
  return to_yaml_text(*out);
}

}  // namespace sallyport::sim::scenario
