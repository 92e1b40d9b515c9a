#include "reference/middleware/carry_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "reference/middleware/limits.h"
#include "reference/middleware/manifest.h"

namespace sallyport::middleware {
namespace {

base::Duration timeout_of(const Registration& registration) {
  return parse_timeout(registration.timeout).value_or(kTimeoutDefault);
}

void narrow(std::optional<Binding>& binding, std::uint64_t payload, base::Duration timeout) {
  if (!binding) return;
  binding->payload_bytes_max = std::min(binding->payload_bytes_max, payload);
  binding->timeout = std::min(binding->timeout, timeout);
}

// An operator's tighter bound holds at once: it may be meant for the very service that hangs.
Implementation narrowed(Implementation known, const Registration& wanted, double slow) {
  Registration& registered = known.registration;
  registered.payload_bytes_max = std::min(registered.payload_bytes_max, wanted.payload_bytes_max);
  if (timeout_of(wanted) < timeout_of(registered)) {
    registered.timeout = wanted.timeout;
    known.operator_timeout = slowed(timeout_of(wanted), slow);
  }
  const std::uint64_t payload = registered.payload_bytes_max;
  narrow(known.bindings.http, payload, known.operator_timeout);
  narrow(known.bindings.websocket, payload, known.operator_timeout);
  return known;
}

// Why there is no use asking, or nothing.
std::optional<std::string> fault_of(const Registration& registration, bool duplicate) {
  if (auto fault = registration_fault(registration)) return fault;
  if (!duplicate) return std::nullopt;
  return fmt::format("duplicate supervisor middleware registration name '{}'", registration.name);
}

}  // namespace

CarriedOver carry_over(std::vector<Registration> wanted, const Registry* previous, double slow) {
  std::map<std::string, int> names;
  for (const Registration& registration : wanted) ++names[registration.name];
  std::map<std::string, Implementation, std::less<>> all = built_in_registry(slow)->all();
  CarriedOver over;
  for (Registration& registration : wanted) {
    const Implementation* known = previous ? previous->find(registration.name) : nullptr;
    if (known != nullptr && !known->external) known = nullptr;
    if (auto fault = fault_of(registration, names[registration.name] > 1)) {
      over.refused.push_back(
          Refused{registration.name, std::move(*fault), Again::never, known != nullptr});
      if (known != nullptr) all.insert_or_assign(registration.name, *known);
      continue;
    }
    if (known == nullptr) {
      over.pending.push_back(std::move(registration));
      continue;
    }
    const Implementation& kept =
        all.insert_or_assign(registration.name, narrowed(*known, registration, slow)).first->second;
    if (kept.registration != registration) over.pending.push_back(std::move(registration));
  }
  over.registry = std::make_shared<const Registry>(std::move(all));
  return over;
}

}  // namespace sallyport::middleware
