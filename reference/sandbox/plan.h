// What every command of one sandbox gets, settled before its first process is made: who it is,
// where it works, what it may reach, what it finds in its environment. A value; the agent and each
// exec are started from the same one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "reference/linux/file_rules.h"
#include "reference/net/address.h"

namespace sallyport::sandbox {

// Who the agent is. Also while it stays who the supervisor is: then nothing of it changes.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary ones
  std::string name;
  std::string home;  // empty: nobody has written one down
};

struct FilePlace {
  std::string path;
  linux::FileAccess access = linux::FileAccess::read;
  bool stated = true;  // by the policy; what we add ourselves may be missing whatever it says

  friend bool operator==(const FilePlace&, const FilePlace&) = default;
};

struct FilePlan {
  bool confined = false;  // no: the policy says nothing of files
  bool required = false;  // `hard_requirement`: anything that can't be had ends the start
  std::vector<FilePlace> places;
};

struct Plan {
  std::string name;
  Account account;
  std::string folder;  // where commands begin
  FilePlan files;
  std::vector<std::string> environment;  // NAME=VALUE; what `exec` finds may change later
  // The supervisor's own folder with the doors of its sandboxes, which no agent may see; empty:
  // none.
  std::string hidden;
  // As in the field system (crates/openshell-supervisor-process, sandbox/linux/netns/mod.rs).
  net::Endpoint proxy = *net::Endpoint::parse("10.200.0.1:3128");
  net::IpAddress address = *net::IpAddress::parse("10.200.0.2");
  int prefix = 24;
};

// What a sandbox turned out to be.
struct Report {
  std::uint64_t netns = 0;  // the inode of the agent's network namespace
  bool own_proc = false;    // /proc shows the sandbox's processes alone
  int landlock = 0;         // the kernel's version; 0: none
  std::size_t rules = 0;
  std::vector<std::string> missing;   // places that aren't there, and were left out
  std::vector<std::string> degraded;  // what couldn't be had, a sentence each

  friend bool operator==(const Report&, const Report&) = default;
};

// As one text for the way between the processes; nothing if it isn't one. Pure.
[[nodiscard]] std::string write_report(const Report& report);
[[nodiscard]] Report read_report(std::string_view text);

}  // namespace sallyport::sandbox
