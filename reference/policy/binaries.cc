#include "reference/policy/binaries.h"

#include <algorithm>
#include <set>
#include <utility>

#include "reference/policy/index.h"

namespace sallyport::policy {
namespace {

bool matches(const Binary& binary, const std::string& path) {
  if (path.empty()) return false;
  return binary.pattern ? binary.pattern->matches(path) : binary.path == path;
}

bool has_exact(const Rule& rule, const std::string& path) {
  return std::any_of(rule.binaries.begin(), rule.binaries.end(),
                     [&](const Binary& binary) { return !binary.pattern && binary.path == path; });
}

}  // namespace

bool names(const Rule& rule, const Program* program) {
  if (program == nullptr) return true;
  return std::any_of(rule.binaries.begin(), rule.binaries.end(), [&](const Binary& binary) {
    return matches(binary, program->binary) ||
           std::any_of(program->ancestors.begin(), program->ancestors.end(),
                       [&](const std::string& path) { return matches(binary, path); });
  });
}

bool tells_programs_apart(const Policy& policy) {
  const auto anybody = [](const Binary& binary) { return binary.path == "/**"; };
  return std::any_of(policy.network_policies.begin(), policy.network_policies.end(),
                     [&](const auto& entry) {
                       const auto& binaries = entry.second.binaries;
                       return std::none_of(binaries.begin(), binaries.end(), anybody);
                     });
}

std::vector<std::string> exact_binaries(const Policy& policy) {
  std::set<std::string> paths;
  for (const auto& [key, rule] : policy.network_policies) {
    for (const Binary& binary : rule.binaries) {
      if (!binary.pattern) paths.insert(binary.path);
    }
  }
  return {paths.begin(), paths.end()};
}

Policy with_resolved_binaries(Policy policy, const std::map<std::string, std::string>& resolved) {
  bool changed = false;
  for (auto& [key, rule] : policy.network_policies) {
    const std::vector<Binary> stated = rule.binaries;
    for (const Binary& binary : stated) {
      const auto real = resolved.find(binary.path);
      if (binary.pattern || real == resolved.end() || has_exact(rule, real->second)) continue;
      rule.binaries.push_back({real->second, std::nullopt});
      changed = true;
    }
  }
  if (changed) index_rules(policy);
  return policy;
}

}  // namespace sallyport::policy
