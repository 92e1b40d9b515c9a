// Who a sandbox's commands are: what the policy says (`process`), what the machine has, and who the
// supervisor itself is. Follows OpenShell crates/openshell-supervisor-process/src/process.rs: root
// becomes `sandbox` unless the policy says who.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/policy/model.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// What is asked of the machine. Users by name or by number, as the policy writes them.
struct Accounts {
  std::function<std::optional<Account>(const std::string&)> user;
  std::function<std::optional<gid_t>(const std::string&)> group;
};
// The machine's own, with the user's supplementary groups.
[[nodiscard]] Accounts system_accounts();

struct Self {
  Account account;
  bool root = false;
  bool alone = false;  // there is nobody else: the user namespace maps no other user
};
[[nodiscard]] Self this_process();

// Nothing, and what is wrong, where the policy asks for somebody who isn't there, or whom only root
// can become; and where root would stay root for want of anybody else.
[[nodiscard]] std::optional<Account> choose_account(const policy::StaticSections& says,
                                                    const Self& self, const Accounts& accounts,
                                                    std::string& wrong);

// Whether a uid_map (`/proc/self/uid_map`) has no user but one. Pure.
[[nodiscard]] bool maps_one_user(std::string_view map);

}  // namespace sallyport::sandbox
