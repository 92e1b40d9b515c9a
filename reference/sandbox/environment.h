// The variables that a sandbox's commands find. Pure. Follows OpenShell
// crates/openshell-supervisor-process/src/child_env.rs and process.rs: what the supervisor was
// started with, less what is the supervisor's alone, and over it what makes clients use the proxy.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct EnvironmentSources {
  Variables inherited;                          // the supervisor's own
  std::set<std::string, std::less<>> withheld;  // what it read for itself: keys, tokens
  Variables proxy;                              // of the proxy and its CA; they win
  Variables placeholders;                       // of credentials; they win over what is inherited
};

// NAME=VALUE, by name. Withheld are also all of SALLYPORT_ and OPENSHELL_, and what would send a
// client past the proxy. HOME, USER, LOGNAME, SHELL and TERM are the account's; the
// home of one that has none is `folder`, where its commands begin.
[[nodiscard]] std::vector<std::string> build_environment(const EnvironmentSources& from,
                                                         const Account& account,
                                                         const std::string& folder);

// NAME=VALUE lines into pairs; what has no `=` is left out.
[[nodiscard]] Variables split_variables(std::span<const char* const> lines);

}  // namespace sallyport::sandbox
