#include "reference/linux/namespaces.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reference/linux/error.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::linux {
namespace {

using testing::in_namespaces;

ino_t inode(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status.st_ino;
}

TEST(Namespaces, MakingOneLeavesTheCallerWhereItWas) {
  EXPECT_EQ(in_namespaces([] {
              const auto before = open_namespace(NamespaceKind::net);
              const auto made = make_net_namespace();
              const auto after = open_namespace(NamespaceKind::net);
              if (!before || !made || !after) return std::string("failed");
              return std::string(inode(before->get()) == inode(after->get()) ? "same " : "moved ") +
                     (inode(made->get()) != inode(after->get()) ? "new" : "old");
            }),
            "same new");
}

TEST(Namespaces, GuardGoesInAndBack) {
  EXPECT_EQ(in_namespaces([] {
              const auto before = open_namespace(NamespaceKind::net);
              const auto made = make_net_namespace();
              if (!before || !made) return std::string("failed");
              std::string seen;
              {
                const auto guard = NetNamespaceGuard::enter(made->get());
                const auto now = open_namespace(NamespaceKind::net);
                seen = guard && inode(now->get()) == inode(made->get()) ? "in " : "not in ";
              }
              const auto after = open_namespace(NamespaceKind::net);
              return seen + (inode(after->get()) == inode(before->get()) ? "back" : "astray");
            }),
            "in back");
}

TEST(Namespaces, KindOfADescriptorIsChecked) {
  const auto net = open_namespace(NamespaceKind::net);
  ASSERT_TRUE(net);
  EXPECT_TRUE(require_namespace(net->get(), NamespaceKind::net));
  const auto wrong = require_namespace(net->get(), NamespaceKind::mount);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), failure(Operation::check_namespace, EINVAL));
  EXPECT_EQ(require_namespace(0, NamespaceKind::net).error(),
            failure(Operation::check_namespace, EINVAL));
}

TEST(Namespaces, OfAProcessThatIsGoneCannotBeOpened) {
  const auto none = open_namespace(NamespaceKind::net, 0x3fffffff);
  ASSERT_FALSE(none);
  EXPECT_EQ(errno_of(none.error()), ENOENT);
}

}  // namespace
}  // namespace sallyport::linux
