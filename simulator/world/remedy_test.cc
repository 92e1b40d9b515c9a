#include "simulator/world/remedy.h"

#include <gtest/gtest.h>

namespace sallyport::sim::world {
namespace {

constexpr std::string_view kEperm = "cloning a process: Operation not permitted (EPERM)";

TEST(Remedy, NamesUbuntusSysctl) {
  Machine machine;
  machine.apparmor_restrict = "1";
  EXPECT_EQ(remedy_for("mounts", kEperm, machine),
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
}

TEST(Remedy, DoesNotBlameUbuntusSysctlForRoot) {
  Machine machine;
  machine.apparmor_restrict = "1";
  machine.root = true;
  machine.container = true;
  EXPECT_EQ(remedy_for("mounts", kEperm, machine).substr(0, 10), "docker run");
}

TEST(Remedy, NamesDebiansSysctl) {
  Machine machine;
  machine.userns_clone = "0";
  EXPECT_EQ(remedy_for("user_namespaces", kEperm, machine),
            "sudo sysctl -w kernel.unprivileged_userns_clone=1");
}

TEST(Remedy, NamesTheLimitOfUserNamespaces) {
  Machine machine;
  machine.user_namespaces_max = "0";
  EXPECT_EQ(remedy_for("user_namespaces", "(ENOSPC)", machine),
            "sudo sysctl -w user.max_user_namespaces=15000");
}

TEST(Remedy, NamesAContainersFlags) {
  Machine machine;
  machine.container = true;
  const auto remedy = remedy_for("user_namespaces", kEperm, machine);
  for (const char* flag : {"seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined",
                           "--cap-add SYS_ADMIN", "--cap-add NET_ADMIN"}) {
    EXPECT_NE(remedy.find(flag), std::string::npos) << flag;
  }
}

TEST(Remedy, NamesTheKernelThatIsNeeded) {
  EXPECT_NE(remedy_for("mounts", "making mounts read-only: (ENOSYS)", Machine{}).find("5.12"),
            std::string::npos);
}

TEST(Remedy, TellsWhoHidesPartsOfProcToShowThem) {
  const Machine machine;
  EXPECT_NE(remedy_for("mounts", "/proc: mounting /proc: Operation not permitted (EPERM)", machine)
                .find("findmnt -R /proc"),
            std::string::npos);
}

TEST(Remedy, NamesTheModule) {
  Machine machine;
  machine.root = true;
  EXPECT_EQ(remedy_for("veth", "making a veth pair: (EOPNOTSUPP)", machine), "sudo modprobe veth");
}

}  // namespace
}  // namespace sallyport::sim::world
