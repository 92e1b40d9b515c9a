#include "reference/linux/capabilities.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::linux {
namespace {

// The lines of our own status that tell what we may.
std::string privileges() {
  std::ifstream status("/proc/self/status");
  std::string line, seen;
  while (std::getline(status, line)) {
    if (line.starts_with("Cap") || line.starts_with("NoNewPrivs")) {
      seen += line.substr(line.find_first_not_of("\t ", line.find(':') + 1)) + " ";
    }
  }
  return seen;
}

constexpr std::string_view kNothing =
    "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 1 ";

TEST(DropPrivileges, LeavesNoCapabilityWhereOnlyRootIsMapped) {
  EXPECT_EQ(testing::in_namespaces([] {
              if (auto dropped = drop_privileges(0, 0); !dropped) return dropped.error().message();
              return privileges();
            }),
            kNothing);
}

TEST(DropPrivileges, FailsForAnIdThatIsNotMapped) {
  EXPECT_EQ(testing::in_namespaces([] { return drop_privileges(1000, 1000).error().message(); }),
            "changing the group: Invalid argument (EINVAL)");
}

// In a container whose /proc is covered a sandbox has the machine's: there our number is another's.
TEST(DropPrivileges, DoesNotTakeAnotherProcesssStatusForItsOwn) {
  const auto dropped_as_first = []() -> std::string {
    if (::unshare(CLONE_NEWPID) != 0) return "no pid namespace";
    const pid_t first = ::fork();
    if (first == 0) ::_exit(drop_privileges(0, 0).has_value() ? 0 : 1);
    int status = 0;
    if (::waitpid(first, &status, 0) != first) return "no child";
    return WEXITSTATUS(status) == 0 ? "dropped" : "refused";
  };
  EXPECT_EQ(testing::in_namespaces(dropped_as_first), "dropped");
}

// Only the machine's root can become somebody else; anyone else can't test it.
TEST(DropPrivileges, BecomesTheUserForGoodOrSaysThatItCannot) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool dropped = drop_privileges(65534, 65534).has_value();
    const bool gone = ::getuid() == 65534 && ::setuid(0) != 0 && privileges() == kNothing;
    ::_exit(dropped == gone ? (dropped ? 0 : 1) : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), ::geteuid() == 0 ? 0 : 1);
}

}  // namespace
}  // namespace sallyport::linux
