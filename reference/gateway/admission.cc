#include "reference/gateway/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/fingerprint.h"
#include "reference/middleware/manifest.h"
#include "reference/policy/ambiguity.h"
#include "reference/policy/loader.h"
#include "reference/policy/wire.h"
#include "reference/rpc/target.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kRegistrationsMax = 64;

rpc::Status invalid(std::string why) {
  return refusal(rpc::Code::invalid_argument, std::move(why));
}

middleware::Registration registration_of(const Registration& record) {
  middleware::Registration one;
  one.name = record.name;
  one.endpoint = record.endpoint;
  one.payload_bytes_max = record.payload_bytes_max;
  one.timeout = record.timeout;
  one.ca_pem = record.ca_pem;
  return one;
}

// As supervisors judge it (middleware/build_registry.cc).
std::optional<std::string> one_fault(const Registration& one) {
  if (auto wrong = middleware::registration_fault(registration_of(one))) return wrong;
  if (!rpc::parse_target(one.endpoint)) {
    return fmt::format(
        "middleware registration '{}' has an endpoint other than http://HOST:PORT "
        "or https://HOST:PORT",
        one.name);
  }
  return std::nullopt;
}

// Endpoints without a host bind nothing (docs/policy.md).
void add_bindings(const openshell::sandbox::v1::NetworkPolicyRule& rule, PolicyRecord& record) {
  for (const auto& endpoint : rule.endpoints()) {
    const std::string& provider = endpoint.credential_binding().provider();
    if (provider.empty() || endpoint.host().empty()) continue;
    std::vector<std::uint32_t> ports(endpoint.ports().begin(), endpoint.ports().end());
    if (ports.empty()) ports.push_back(endpoint.port());
    for (const std::uint32_t port : ports) {
      PolicyBinding binding;
      binding.provider = provider;
      binding.endpoint = {endpoint.host(), static_cast<std::uint16_t>(port), endpoint.path()};
      auto& all = record.bindings;
      if (std::find(all.begin(), all.end(), binding) == all.end()) all.push_back(binding);
    }
  }
}

// By the keys' order, so that equal policies have equal records.
void add_bindings(const openshell::sandbox::v1::SandboxPolicy& policy, PolicyRecord& record) {
  std::set<std::string> keys;
  for (const auto& [key, rule] : policy.network_policies()) keys.insert(key);
  for (const std::string& key : keys) add_bindings(policy.network_policies().at(key), record);
}

}  // namespace

PolicyRecord record_of(const openshell::sandbox::v1::SandboxPolicy& policy) {
  PolicyRecord record;
  record.document = policy::policy_document(policy);
  Fingerprint hash;
  record.hash = hash.add(record.document).hex();
  std::set<std::string> names;
  for (const auto& [key, entry] : policy.network_middlewares()) names.insert(entry.middleware());
  record.implementations.assign(names.begin(), names.end());
  add_bindings(policy, record);
  return record;
}

Answer<PolicyRecord> admit(const openshell::sandbox::v1::SandboxPolicy& policy,
                           const std::vector<Registration>& registrations, const AskServices& ask) {
  PolicyRecord record = record_of(policy);
  base::Diagnostics complaints;
  const auto loaded = policy::load_policy_text(record.document, "policy", complaints);
  if (!loaded) return invalid("the policy is not valid:\n" + complaints.to_string());
  if (const auto unclear = policy::ambiguities(*loaded); !unclear.empty()) {
    return refusal(rpc::Code::failed_precondition, unclear.front());
  }
  if (record.implementations.empty()) return record;
  const auto refuse = [](const std::string& why) {
    return invalid("policy middleware validation failed: " + why);
  };
  if (const std::string name = unregistered(record, registrations); !name.empty()) {
    return refuse(fmt::format("middleware '{}' is not registered", name));
  }
  const std::string refused = ask(*loaded, named_by(record, registrations));
  if (!refused.empty()) return refuse(refused);
  return record;
}

std::optional<std::string> fault(const std::vector<Registration>& registrations) {
  if (registrations.size() > kRegistrationsMax) {
    return fmt::format("there are more than {} middleware registrations", kRegistrationsMax);
  }
  std::set<std::string_view> names;
  for (const Registration& one : registrations) {
    if (auto wrong = one_fault(one)) return wrong;
    if (!names.insert(one.name).second) {
      return fmt::format("duplicate supervisor middleware registration name '{}'", one.name);
    }
  }
  return std::nullopt;
}

}  // namespace sallyport::gateway
