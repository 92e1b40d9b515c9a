#include "reference/sandbox/account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>

namespace sallyport::sandbox {
namespace {

constexpr const char* kUsual = "sandbox";

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || at != end) return std::nullopt;
  return value;
}

Account account_of(const passwd& entry) {
  Account account;
  account.uid = entry.pw_uid;
  account.gid = entry.pw_gid;
  account.name = entry.pw_name;
  account.home = entry.pw_dir;
  int count = 64;
  account.groups.resize(static_cast<std::size_t>(count));
  while (::getgrouplist(entry.pw_name, entry.pw_gid, account.groups.data(), &count) < 0)
    account.groups.resize(static_cast<std::size_t>(count));
  account.groups.resize(static_cast<std::size_t>(count));
  return account;
}

std::optional<Account> system_user(const std::string& text) {
  const auto uid = number(text);
  const passwd* const entry = uid ? ::getpwuid(*uid) : ::getpwnam(text.c_str());
  if (entry != nullptr) return account_of(*entry);
  if (!uid) return std::nullopt;
  // A number without a name is somebody too, as in a container; its group is the same number.
  return Account{*uid, *uid, {*uid}, text, {}};
}

std::optional<gid_t> system_group(const std::string& text) {
  if (const auto gid = number(text)) return *gid;
  const group* const entry = ::getgrnam(text.c_str());
  if (entry == nullptr) return std::nullopt;
  return entry->gr_gid;
}

std::optional<Account> other_than_root(const policy::StaticSections& says, const Accounts& accounts,
                                       std::string& wrong) {
  const std::string user = says.run_as_user.value_or(kUsual);
  auto account = accounts.user(user);
  if (!account && says.run_as_user) {
    wrong = fmt::format("process.run_as_user: there is no user \"{}\" here", user);
  } else if (!account) {
    wrong =
        "a sandbox's commands don't run as root, and there is no user \"sandbox\" here: name one "
        "in the policy (process: {run_as_user: \"1000\"}), or start without root";
  } else if (account->uid == 0) {
    wrong = fmt::format("the user \"{}\" is root, which a sandbox's commands can't be", user);
    account.reset();
  }
  return account;
}

}  // namespace

bool maps_one_user(std::string_view map) {
  std::istringstream lines{std::string(map)};
  std::uint64_t inside = 0, outside = 0, count = 0, all = 0;
  while (lines >> inside >> outside >> count) all += count;
  return all == 1;
}

Accounts system_accounts() { return {system_user, system_group}; }

Self this_process() {
  Self self;
  self.account = {::geteuid(), ::getegid(), {}, std::to_string(::geteuid()), {}};
  if (const passwd* const entry = ::getpwuid(::geteuid()); entry != nullptr) {
    self.account.name = entry->pw_name;
    self.account.home = entry->pw_dir;
  }
  self.root = self.account.uid == 0;
  std::ifstream file("/proc/self/uid_map");
  std::ostringstream map;
  map << file.rdbuf();
  self.alone = maps_one_user(map.str());
  return self;
}

std::optional<Account> choose_account(const policy::StaticSections& says, const Self& self,
                                      const Accounts& accounts, std::string& wrong) {
  const bool can_change = self.root && !self.alone;
  std::optional<Account> account;
  if (can_change) {
    account = other_than_root(says, accounts, wrong);
  } else {
    account = self.account;
    const auto user = says.run_as_user ? accounts.user(*says.run_as_user) : account;
    if (!user || user->uid != account->uid) {
      wrong = fmt::format(
          "process.run_as_user is \"{}\", and only a root with more users than itself can become "
          "somebody else: start as root, or as that user",
          *says.run_as_user);
      account.reset();
    }
  }
  if (!account || !says.run_as_group) return account;
  const auto group = accounts.group(*says.run_as_group);
  if (!group) {
    wrong = fmt::format("process.run_as_group: there is no group \"{}\" here", *says.run_as_group);
    return std::nullopt;
  }
  if (!can_change && *group != account->gid) {
    wrong = fmt::format("process.run_as_group is \"{}\", and only root can become that group",
                        *says.run_as_group);
    return std::nullopt;
  }
  account->gid = *group;
  return account;
}

}  // namespace sallyport::sandbox
