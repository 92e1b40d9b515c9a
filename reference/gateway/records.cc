#include "reference/gateway/records.h"

#include <fmt/format.h>

namespace sallyport::gateway {

const Sandbox* State::find_sandbox(std::string_view name_or_id) const {
  for (const auto& [id, sandbox] : sandboxes) {
    if (sandbox.name == name_or_id) return &sandbox;
  }
  const auto found = sandboxes.find(name_or_id);
  return found == sandboxes.end() ? nullptr : &found->second;
}

const PolicyRecord* State::in_force(const Sandbox& sandbox) const {
  if (sandbox.policy) return &*sandbox.policy;
  return policy ? &*policy : nullptr;
}

std::string uuid(std::string_view digits) {
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20, 12));
}

}  // namespace sallyport::gateway
