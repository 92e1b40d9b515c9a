#include "reference/identity/resolve_binary.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace sallyport::identity {
namespace {

namespace fs = std::filesystem;

class ResolveBinary : public ::testing::Test {
 protected:
  ResolveBinary() {
    std::string pattern = (fs::temp_directory_path() / "sallyport-root-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(fs::path(root_) / "usr/bin");
    std::ofstream(root_ + "/usr/bin/tool") << "";
  }
  ~ResolveBinary() override { fs::remove_all(root_); }
  void link(const std::string& at, const std::string& target) {
    fs::create_symlink(target, root_ + at);
  }
  std::optional<std::string> resolved(std::string_view path) const {
    return resolve_binary(root_, path);
  }
  std::string root_;
};

TEST_F(ResolveBinary, LeavesAPlainPathAsItIs) {
  EXPECT_EQ(resolved("/usr/bin/tool"), "/usr/bin/tool");
  EXPECT_EQ(resolved("/usr//bin/./tool"), "/usr/bin/tool");
}

TEST_F(ResolveBinary, FollowsLinksOfSeveralLevels) {
  link("/bin", "usr/bin");
  link("/usr/bin/tool3", "tool");
  link("/usr/bin/any", "/usr/bin/tool3");
  EXPECT_EQ(resolved("/bin/any"), "/usr/bin/tool");
}

TEST_F(ResolveBinary, NeverLeavesItsRoot) {
  link("/usr/bin/up", "../../../../../../usr/bin/tool");
  EXPECT_EQ(resolved("/usr/bin/up"), "/usr/bin/tool");
  link("/usr/bin/out", "/etc/passwd");
  EXPECT_FALSE(resolved("/usr/bin/out"));
}

TEST_F(ResolveBinary, GivesUpOnACircle) {
  link("/usr/bin/a", "b");
  link("/usr/bin/b", "a");
  EXPECT_FALSE(resolved("/usr/bin/a"));
}

TEST_F(ResolveBinary, FollowsFortyLinksAndNoMore) {
  for (int i = 0; i < 41; ++i) {
    link("/usr/bin/l" + std::to_string(i), i == 0 ? "tool" : "l" + std::to_string(i - 1));
  }
  EXPECT_EQ(resolved("/usr/bin/l39"), "/usr/bin/tool");
  EXPECT_FALSE(resolved("/usr/bin/l40"));
}

TEST_F(ResolveBinary, FindsNothingWhereNothingIs) {
  EXPECT_FALSE(resolved("/usr/bin/none"));
  EXPECT_FALSE(resolved("/usr/bin/tool/none"));
  EXPECT_FALSE(resolved("/"));
}

}  // namespace
}  // namespace sallyport::identity
