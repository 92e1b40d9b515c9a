#include "reference/middleware/registry.h"

#include <utility>

#include "reference/middleware/built_ins.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/manifest.h"

namespace sallyport::middleware {
namespace {

Implementation built_in(std::string_view name, std::shared_ptr<Stage> stage, double slow) {
  Implementation one;
  one.name = name;
  one.operator_timeout = slowed(kTimeoutDefault, slow);
  one.bindings.http = Binding{kBuiltInPayloadBytesMax, one.operator_timeout};
  one.stage = std::move(stage);
  return one;
}

}  // namespace

std::string default_audience(std::string_view name) {
  return "urn:openshell:extension:middleware:" + std::string(name);
}

Registry::Registry(std::map<std::string, Implementation, std::less<>> all) : all_(std::move(all)) {}

const Implementation* Registry::find(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

const std::map<std::string, Implementation, std::less<>>& Registry::all() const { return all_; }

std::shared_ptr<const Registry> built_in_registry(double slow) {
  std::map<std::string, Implementation, std::less<>> all;
  all.emplace(kSecrets, built_in(kSecrets, make_secrets_stage(), slow));
  all.emplace(kRegex, built_in(kRegex, make_regex_stage(), slow));
  return std::make_shared<const Registry>(std::move(all));
}

}  // namespace sallyport::middleware
