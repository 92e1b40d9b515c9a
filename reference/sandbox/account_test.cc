#include "reference/sandbox/account.h"

#include <gtest/gtest.h>

namespace sallyport::sandbox {
namespace {

Account someone(uid_t uid, const std::string& name) { return {uid, uid, {uid}, name, "/home"}; }

class ChooseAccount : public ::testing::Test {
 protected:
  std::optional<Account> choose() { return choose_account(says_, self_, accounts_, wrong_); }

  policy::StaticSections says_;
  Self self_{someone(0, "root"), true, false};
  Accounts accounts_{[](const std::string& user) -> std::optional<Account> {
                       if (user == "sandbox" || user == "998") return someone(998, "sandbox");
                       if (user == "1000") return someone(1000, "me");
                       if (user == "toor") return someone(0, "toor");
                       return std::nullopt;
                     },
                     [](const std::string& group) -> std::optional<gid_t> {
                       if (group == "sandbox") return 998;
                       if (group == "1000") return 1000;
                       return std::nullopt;
                     }};
  std::string wrong_;
};

TEST_F(ChooseAccount, RootBecomesSandboxUnlessThePolicySaysWho) {
  EXPECT_EQ(choose()->uid, 998U);
  says_.run_as_user = "1000";
  EXPECT_EQ(choose()->uid, 1000U);
}

TEST_F(ChooseAccount, TheGroupIsTheUsersUnlessThePolicySaysWhich) {
  EXPECT_EQ(choose()->gid, 998U);
  says_.run_as_group = "1000";
  EXPECT_EQ(choose()->gid, 1000U);
}

TEST_F(ChooseAccount, RootDoesntStayRootForWantOfAnybodyElse) {
  accounts_.user = [](const std::string&) { return std::nullopt; };
  EXPECT_FALSE(choose());
  EXPECT_NE(wrong_.find("run_as_user"), std::string::npos) << wrong_;
}

TEST_F(ChooseAccount, WhoIsntThereIsSaid) {
  says_.run_as_user = "nobody-here";
  EXPECT_FALSE(choose());
  EXPECT_EQ(wrong_, "process.run_as_user: there is no user \"nobody-here\" here");
  says_.run_as_user.reset();
  says_.run_as_group = "nobodies";
  EXPECT_FALSE(choose());
  EXPECT_EQ(wrong_, "process.run_as_group: there is no group \"nobodies\" here");
}

TEST_F(ChooseAccount, RootByAnotherNameIsRoot) {
  says_.run_as_user = "toor";
  EXPECT_FALSE(choose());
}

TEST_F(ChooseAccount, WithoutRootOneStaysWhoOneIs) {
  self_ = {someone(1000, "me"), false, false};
  EXPECT_EQ(choose()->uid, 1000U);
  says_.run_as_user = "1000";
  EXPECT_EQ(choose()->uid, 1000U);
}

TEST_F(ChooseAccount, WithoutRootNobodyElseCanBeAskedFor) {
  self_ = {someone(1000, "me"), false, false};
  says_.run_as_user = "sandbox";
  EXPECT_FALSE(choose());
  EXPECT_NE(wrong_.find("only a root"), std::string::npos) << wrong_;
  says_.run_as_user.reset();
  says_.run_as_group = "sandbox";
  EXPECT_FALSE(choose());
}

TEST_F(ChooseAccount, ARootWithoutOtherUsersStaysWhoItIs) {
  self_.alone = true;
  EXPECT_EQ(choose()->uid, 0U);
}

TEST(UidMap, TellsWhetherThereIsAnybodyElse) {
  EXPECT_TRUE(maps_one_user("         0       1000          1\n"));
  EXPECT_FALSE(maps_one_user("         0          0 4294967295\n"));
  EXPECT_FALSE(maps_one_user("0 1000 1\n1 100000 65536\n"));
  EXPECT_FALSE(maps_one_user(""));
}

}  // namespace
}  // namespace sallyport::sandbox
