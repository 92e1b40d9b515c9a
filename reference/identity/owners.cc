#include "reference/identity/owners.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::identity {

Found unresolved(const std::string& why) {
  Found found;
  found.failure = "failed to resolve peer binary: " + why;
  return found;
}

Found choose_owner(std::uint64_t socket_inode, std::vector<policy::Program> owners) {
  if (owners.empty()) return unresolved(fmt::format("no process holds inode {}", socket_inode));
  std::sort(owners.begin(), owners.end(),
            [](const policy::Program& a, const policy::Program& b) { return a.pid < b.pid; });
  const policy::Program& first = owners.front();
  const bool one = std::all_of(owners.begin(), owners.end(), [&](const policy::Program& other) {
    return other.binary == first.binary && other.ancestors == first.ancestors;
  });
  Found found;
  if (one) {
    found.program = first;
    return found;
  }
  std::string pids;
  for (const policy::Program& owner : owners) {
    pids += fmt::format("{}{}", pids.empty() ? "" : ", ", owner.pid);
  }
  found.failure = fmt::format(
      "ambiguous shared socket ownership: inode {} held by PIDs [{}] with different policy "
      "identities",
      socket_inode, pids);
  return found;
}

}  // namespace sallyport::identity
