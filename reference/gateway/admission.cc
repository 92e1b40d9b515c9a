#include "reference/gateway/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/base/scalars.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/fingerprint.h"
#include "reference/middleware/limits.h"
#include "reference/policy/loader.h"
#include "reference/policy/wire.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kRegistrationsMax = 64;

rpc::Status invalid(std::string why) {
  return refusal(rpc::Code::invalid_argument, std::move(why));
}

bool is_stable_identifier(std::string_view name) {
  return !name.empty() && name.size() <= middleware::kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '/' || c == '-';
         });
}

std::optional<std::string> timeout_fault(const std::string& timeout) {
  if (timeout.empty()) return std::nullopt;
  const auto duration = base::parse_duration(timeout);
  if (duration && *duration >= middleware::kTimeoutLeast && *duration <= middleware::kTimeoutMost) {
    return std::nullopt;
  }
  return "its timeout is not a duration from 10ms to 30s";
}

std::optional<std::string> one_fault(const Registration& one) {
  if (one.name.starts_with("openshell/")) return "names below openshell/ are built in";
  const bool tls = one.endpoint.starts_with("https://");
  if (!tls && !one.endpoint.starts_with("http://")) {
    return "its grpc_endpoint begins with neither http:// nor https://";
  }
  if (one.payload_bytes_max == 0 || one.payload_bytes_max > middleware::kPayloadBytesMax) {
    return fmt::format("its max_payload_bytes is not from 1 to {}", middleware::kPayloadBytesMax);
  }
  if (!one.ca_pem.empty() && !tls) return "it has a CA, and an endpoint without TLS";
  return timeout_fault(one.timeout);
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
  return record;
}

Answer<PolicyRecord> admit(const openshell::sandbox::v1::SandboxPolicy& policy,
                           const std::vector<Registration>& registrations, const AskServices& ask) {
  PolicyRecord record = record_of(policy);
  base::Diagnostics complaints;
  const auto loaded = policy::load_policy_text(record.document, "policy", complaints);
  if (!loaded) return invalid("the policy is not valid:\n" + complaints.to_string());
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
    if (!is_stable_identifier(one.name)) {
      return "a middleware registration's name is 1 to 128 of letters, digits, . _ / -";
    }
    if (!names.insert(one.name).second) {
      return fmt::format("duplicate supervisor middleware registration name '{}'", one.name);
    }
    if (const auto wrong = one_fault(one)) {
      return fmt::format("middleware registration '{}': {}", one.name, *wrong);
    }
  }
  return std::nullopt;
}

}  // namespace sallyport::gateway
