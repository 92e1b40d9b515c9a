#include "reference/linux/mounts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "reference/base/unique_fd.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::linux {
namespace {

using testing::in_namespaces;

std::string try_write(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return file ? "ok" : strerrorname_np(errno);
}

TEST(Mounts, FolderOpenedBeforeItIsCoveredComesBack) {
  EXPECT_EQ(in_namespaces([] {
              if (!make_mounts_private() || !mount_tmpfs("/tmp", "0755")) return std::string("no");
              if (!make_directories("/tmp/a/b")) return std::string("folder");
              if (try_write("/tmp/a/b/file") != "ok") return std::string("file");
              auto tree = clone_tree("/tmp/a/b");
              if (!tree || !mount_tmpfs("/tmp/a", "0755")) return std::string("cover");
              std::string seen = ::access("/tmp/a/b/file", F_OK) == 0 ? "there " : "covered ";
              if (!make_directories("/tmp/a/b")) return std::string("point");
              if (!set_tree_flags(tree->get(), MOUNT_ATTR_RDONLY)) return std::string("flags");
              if (!place_tree(tree->get(), "/tmp/a/b")) return std::string("place");
              return seen + try_write("/tmp/a/b/file") + " " + try_write("/tmp/a/x");
            }),
            "covered EROFS ok");
}

TEST(Mounts, ReadOnlyReachesEveryMountBelow) {
  EXPECT_EQ(in_namespaces([] {
              if (!make_mounts_private() || !mount_tmpfs("/tmp", "0755")) return std::string("no");
              if (!make_directories("/tmp/a") || !mount_tmpfs("/tmp/a", "0755")) {
                return std::string("inner");
              }
              if (!set_mount_flags("/tmp", MOUNT_ATTR_RDONLY)) return std::string("flags");
              return try_write("/tmp/x") + " " + try_write("/tmp/a/x");
            }),
            "EROFS EROFS");
}

TEST(Mounts, MakingFoldersRefusesAFileInTheWay) {
  EXPECT_EQ(in_namespaces([] {
              if (!make_mounts_private() || !mount_tmpfs("/tmp", "0755")) return std::string("no");
              (void)try_write("/tmp/file");
              return make_directories("/tmp/file/a").error().message();
            }),
            "making a folder: Not a directory (ENOTDIR)");
}

}  // namespace
}  // namespace sallyport::linux
