#include "reference/supervisor/programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reference/identity/resolve_binary.h"
#include "reference/linux/namespaces.h"
#include "reference/policy/binaries.h"

namespace sallyport::supervisor {
namespace {

using base::yaml::Node;

constexpr std::string_view kUntold =
    "programs can't be told apart without a sandbox (--sandbox-netns-fd, --sandbox-pid): write "
    "identity: endpoints_only to let any program in, or identity: required";

bool cannot_tell(const Programs& programs) {
  return !programs.told_apart && programs.rule != IdentityRule::endpoints_only;
}

bool is_for_any(const Node& binaries) {
  return std::any_of(binaries.items.begin(), binaries.items.end(), [](const auto& binary) {
    const Node* path = binary->find("path");
    return path != nullptr && path->text == "/**";
  });
}

}  // namespace

Programs programs_of(IdentityRule rule, const ServeFlags& flags) {
  Programs programs;
  programs.rule = rule;
  const bool sandbox =
      flags.sandbox_netns_fd >= 0 || flags.sandbox_pid > 0 || flags.sandbox_query_fd >= 0;
  programs.told_apart =
      rule == IdentityRule::required || (rule == IdentityRule::by_sandbox && sandbox);
  if (flags.sandbox_pid > 0) programs.root = fmt::format("/proc/{}/root", flags.sandbox_pid);
  return programs;
}

base::Result<std::unique_ptr<identity::KernelIdentity>> open_identities(const Programs& programs,
                                                                        const ServeFlags& flags) {
  if (!programs.told_apart) return nullptr;
  identity::KernelIdentity::Options options;
  options.netns_fd = flags.sandbox_netns_fd;
  options.sandbox_pid = flags.sandbox_pid;
  options.query_fd = flags.sandbox_query_fd;
  base::UniqueFd own;
  if (flags.sandbox_netns_fd < 0 && flags.sandbox_pid > 0) {
    auto opened = linux::open_namespace(linux::NamespaceKind::net, flags.sandbox_pid);
    if (!opened) return opened.error();
    own = std::move(*opened);
    options.netns_fd = own.get();
  }
  return identity::KernelIdentity::create(options);
}

void judge_binaries(const Node& document, const std::string& file, const Programs& programs,
                    base::Diagnostics& complaints) {
  const Node* rules = document.find("network_policies");
  if (rules == nullptr || !cannot_tell(programs)) return;
  for (const auto& rule : rules->entries) {
    const Node* binaries = rule.value->find("binaries");
    if (binaries == nullptr || binaries->items.empty() || is_for_any(*binaries)) continue;
    const Node& first = *binaries->items.front();
    const Node* path = first.find("path");
    const Node& place = path == nullptr ? first : *path;
    complaints.add({file, place.mark,
                    fmt::format("rule \"{}\" is for some programs only, and {}", rule.key, kUntold),
                    place.used_at});
  }
}

std::string adopt_policy(const Programs& programs, policy::Policy& policy) {
  if (cannot_tell(programs) && policy::tells_programs_apart(policy)) {
    return fmt::format("the policy is for some programs only, and {}", kUntold);
  }
  if (!programs.told_apart) return {};
  std::map<std::string, std::string> resolved;
  for (const std::string& path : policy::exact_binaries(policy)) {
    const auto real = identity::resolve_binary(programs.root, path);
    if (real && *real != path) resolved.emplace(path, *real);
  }
  if (!resolved.empty()) policy = policy::with_resolved_binaries(std::move(policy), resolved);
  return {};
}

}  // namespace sallyport::supervisor
