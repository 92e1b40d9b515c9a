#include "reference/identity/owners.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

policy::Program program(int pid, std::string binary, std::vector<std::string> ancestors = {}) {
  policy::Program made;
  made.pid = pid;
  made.binary = std::move(binary);
  made.ancestors = std::move(ancestors);
  return made;
}

TEST(Owners, AreNobodyWithoutAny) {
  const Found found = choose_owner(77, {});
  EXPECT_FALSE(found.program);
  EXPECT_EQ(found.failure, "failed to resolve peer binary: no process holds inode 77");
}

TEST(Owners, ThatAreAlikeAreTheLowestPid) {
  const Found found =
      choose_owner(77, {program(9, "/bin/a", {"/bin/sh"}), program(4, "/bin/a", {"/bin/sh"}),
                        program(12, "/bin/a", {"/bin/sh"})});
  ASSERT_TRUE(found.program);
  EXPECT_EQ(found.program->pid, 4);
  EXPECT_EQ(found.failure, "");
}

TEST(Owners, OfDifferentExecutablesAreNoAnswer) {
  const Found found = choose_owner(77, {program(9, "/bin/a"), program(4, "/bin/b")});
  EXPECT_FALSE(found.program);
  EXPECT_EQ(found.failure,
            "ambiguous shared socket ownership: inode 77 held by PIDs [4, 9] with different "
            "policy identities");
}

TEST(Owners, OfDifferentAncestorsAreNoAnswer) {
  const Found found =
      choose_owner(5, {program(1, "/bin/a", {"/bin/sh"}), program(2, "/bin/a", {"/bin/bash"})});
  EXPECT_FALSE(found.program);
  EXPECT_NE(found.failure.find("inode 5 held by PIDs [1, 2]"), std::string::npos);
}

TEST(Owners, AreNotToldApartByTheirArguments) {
  policy::Program one = program(1, "/bin/a");
  one.cmdline = {"/x"};
  EXPECT_TRUE(choose_owner(5, {one, program(2, "/bin/a")}).program);
}

}  // namespace
}  // namespace sallyport::identity
