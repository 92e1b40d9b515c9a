// Which policies and registrations a gateway takes. What is refused is not stored anywhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/gateway/records.h"
#include "reference/policy/model.h"

namespace openshell::sandbox::v1 {
class SandboxPolicy;
}

namespace sallyport::gateway {

// Asks the services that a policy names whether they take its configuration: nothing when all do,
// else why not. Waits as long as the services may.
using AskServices =
    std::function<std::string(const policy::Policy&, const std::vector<Registration>&)>;

// INVALID_ARGUMENT with every complaint: of the loader, of a name that nobody registered, of a
// service. FAILED_PRECONDITION of endpoints that contradict each other (policy/ambiguity.h). The
// record's version is 0.
[[nodiscard]] Answer<PolicyRecord> admit(const openshell::sandbox::v1::SandboxPolicy& policy,
                                         const std::vector<Registration>& registrations,
                                         const AskServices& ask);

// The record of a document that the loader has accepted, nobody asked.
[[nodiscard]] PolicyRecord record_of(const openshell::sandbox::v1::SandboxPolicy& policy);

// Nothing when the registrations can be served together, else what is wrong with the first that
// can't. Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs.
[[nodiscard]] std::optional<std::string> fault(const std::vector<Registration>& registrations);

}  // namespace sallyport::gateway
