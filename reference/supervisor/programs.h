// Whether this supervisor tells programs apart, and what that means for a policy that names some:
// it is enforced, its names are ignored because the operator wrote so, or it is refused. Never is
// a name accepted and nobody asked.
#pragma once

#include <memory>
#include <string>

#include "reference/base/diagnostics.h"
#include "reference/base/result.h"
#include "reference/base/yaml.h"
#include "reference/identity/identity.h"
#include "reference/policy/model.h"
#include "reference/supervisor/command_line.h"

namespace sallyport::supervisor {

// The config's `identity`.
enum class IdentityRule {
  by_sandbox,      // not written: required with a sandbox; without one nobody can be told
  required,        // every connection's program is looked up
  endpoints_only,  // `binaries` are ignored
};

struct Programs {
  IdentityRule rule = IdentityRule::by_sandbox;
  bool told_apart = false;
  // Where paths of a policy lead: a sandbox's root, such as /proc/7/root; empty: our own.
  std::string root;
};
[[nodiscard]] Programs programs_of(IdentityRule rule, const ServeFlags& flags);

// Null where programs aren't told apart. The flags' namespace, else that of their pid, else ours.
[[nodiscard]] base::Result<std::unique_ptr<identity::KernelIdentity>> open_identities(
    const Programs& programs, const ServeFlags& flags);

// Complains about each rule of a sound document that is for some programs only, if nobody could
// tell whether it is them.
void judge_binaries(const base::yaml::Node& document, const std::string& file,
                    const Programs& programs, base::Diagnostics& complaints);

// What is wrong with a policy from elsewhere, for the same reason; else nothing, and where programs
// are told apart its paths are led to what they link to.
[[nodiscard]] std::string adopt_policy(const Programs& programs, policy::Policy& policy);

}  // namespace sallyport::supervisor
