#include "reference/gateway/ask_services.h"

#include <fmt/format.h>

#include "reference/gateway/own_loop.h"
#include "reference/middleware/registry.h"
#include "reference/middleware/validate.h"

namespace sallyport::gateway {
namespace {

middleware::Registration registration_of(const Registration& record) {
  middleware::Registration one;
  one.name = record.name;
  one.endpoint = record.endpoint;
  one.payload_bytes_max = record.payload_bytes_max;
  one.timeout = record.timeout;
  one.ca_pem = record.ca_pem;
  one.audience = record.audience;
  one.allow_insecure_transport = record.allow_insecure_transport;
  return one;
}

// All three outlive it: the caller waits on the spot.
net::Task<void> ask(OwnLoop& loop, const policy::Policy& policy,
                    const std::vector<Registration>& registrations, std::string& refusal) {
  std::vector<middleware::Registration> wanted;
  for (const Registration& record : registrations) wanted.push_back(registration_of(record));
  const middleware::Built built = co_await middleware::build_registry(
      loop.executor(), loop.clock(), std::move(wanted), middleware::built_in_registry());
  for (const middleware::Refused& refused : built.refused) {
    refusal += fmt::format("{}middleware '{}': {}", refusal.empty() ? "" : "\n", refused.name,
                           refused.reason);
  }
  if (!refusal.empty()) co_return;
  const std::vector<middleware::ConfigFault> faults =
      co_await middleware::validate_configs(policy, *built.registry, loop.clock());
  refusal = middleware::to_text(faults);
}

}  // namespace

std::string ask_services(const policy::Policy& policy,
                         const std::vector<Registration>& registrations) {
  std::string refusal;
  OwnLoop loop;
  loop.run(ask(loop, policy, registrations, refusal));
  return refusal;
}

}  // namespace sallyport::gateway
