// Which programs a rule is for. Pure: what stands behind a path is found out by who asks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/policy/model.h"
#include "reference/policy/program.h"

namespace sallyport::policy {

// An exact path is the program's own or that of one of its ancestors; a pattern matches one of
// these. Null: programs aren't told apart, so any rule will do. The command line never counts.
[[nodiscard]] bool names(const Rule& rule, const Program* program);

// Whether some rule is for some programs and not for others: who asks must be known.
[[nodiscard]] bool tells_programs_apart(const Policy& policy);
// The exact paths that the policy's rules name; sorted, each once.
[[nodiscard]] std::vector<std::string> exact_binaries(const Policy& policy);
// The policy in which each rule also names what its exact paths lead to: `resolved`, by path. The
// kernel tells a program by where it is, a policy perhaps by a link to there (OpenShell opa.rs,
// resolve_binary_in_container).
[[nodiscard]] Policy with_resolved_binaries(Policy policy,
                                            const std::map<std::string, std::string>& resolved);

}  // namespace sallyport::policy
