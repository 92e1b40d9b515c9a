#include "simulator/world/remedy.h"

#include <unistd.h>

#include <fstream>

namespace sallyport::sim::world {
namespace {

std::string read_sysctl(const char* path) {
  std::ifstream file(path);
  std::string value;
  std::getline(file, value);
  return value;
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

constexpr std::string_view kContainer =
    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined --cap-add SYS_ADMIN --cap-add NET_ADMIN ...";

}  // namespace

Machine look_at_machine() {
  Machine machine;
  machine.container = exists("/.dockerenv") || exists("/run/.containerenv") ||
                      exists("/var/run/secrets/kubernetes.io");
  machine.root = ::geteuid() == 0;
  machine.apparmor_restrict = read_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  machine.userns_clone = read_sysctl("/proc/sys/kernel/unprivileged_userns_clone");
  machine.user_namespaces_max = read_sysctl("/proc/sys/user/max_user_namespaces");
  machine.net_namespaces_max = read_sysctl("/proc/sys/user/max_net_namespaces");
  return machine;
}

std::string remedy_for(std::string_view name, std::string_view complaint, const Machine& machine) {
  if (name == "ids") {
    return machine.container ? "run the container's process as root" : "run it as root: sudo ...";
  }
  // Worlds can be made when this is looked at, so that no right is missing.
  if (name == "firewall") return "sudo modprobe -a nf_tables nft_reject_inet nfnetlink_log";
  if (complaint.find("(ENOSYS)") != std::string_view::npos && !machine.container) {
    return "a kernel of 5.12 or later (clone3, mount_setattr)";
  }
  if (machine.user_namespaces_max == "0") {
    return "sudo sysctl -w user.max_user_namespaces=15000";
  }
  if (machine.net_namespaces_max == "0") return "sudo sysctl -w user.max_net_namespaces=15000";
  if (!machine.root && machine.apparmor_restrict == "1") {
    return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (!machine.root && machine.userns_clone == "0") {
    return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if (machine.container) return std::string(kContainer);
  if (complaint.find("mounting /proc") != std::string_view::npos) {
    return "leave all of /proc visible (findmnt -R /proc shows what covers it); in a container: " +
           std::string(kContainer);
  }
  if (complaint.find("(EOPNOTSUPP)") != std::string_view::npos && name == "veth") {
    return "sudo modprobe veth";
  }
  return "run it as root, on a kernel with user, mount, pid and network namespaces";
}

}  // namespace sallyport::sim::world
