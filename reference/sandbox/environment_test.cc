#include "reference/sandbox/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace sallyport::sandbox {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const Account kMe{1000, 1000, {1000}, "me", "/home/me"};

TEST(Environment, KeepsWhatTheSupervisorWasStartedWith) {
  EXPECT_THAT(
      build_environment({{{"LANG", "C.UTF-8"}, {"PATH", "/opt/bin"}}, {}, {}, {}}, kMe, "/work"),
      ::testing::IsSupersetOf({"LANG=C.UTF-8", "PATH=/opt/bin"}));
}

TEST(Environment, WithholdsWhatIsTheSupervisorsAlone) {
  const auto lines = build_environment({{{"SALLYPORT_TOKEN", "s3cret"},
                                         {"OPENSHELL_SSH_KEY", "s3cret"},
                                         {"OPENAI_API_KEY", "s3cret"}},
                                        {"OPENAI_API_KEY"},
                                        {},
                                        {}},
                                       kMe, "/work");
  EXPECT_THAT(lines, Not(Contains(HasSubstr("s3cret"))));
}

TEST(Environment, HasThePlaceholderInPlaceOfTheKey) {
  EXPECT_THAT(
      build_environment({{{"KEY", "s3cret"}}, {"KEY"}, {}, {{"KEY", "openshell:resolve:env:KEY"}}},
                        kMe, "/work"),
      Contains("KEY=openshell:resolve:env:KEY"));
}

TEST(Environment, ProxyVariablesWinOverThoseOfTheUserAndOverPlaceholders) {
  const auto lines = build_environment({{{"HTTPS_PROXY", "http://elsewhere"}},
                                        {},
                                        {{"HTTPS_PROXY", "http://10.200.0.1:3128"}},
                                        {{"HTTPS_PROXY", "placeholder"}}},
                                       kMe, "/work");
  EXPECT_THAT(lines, Contains("HTTPS_PROXY=http://10.200.0.1:3128"));
  EXPECT_THAT(lines, Not(Contains("HTTPS_PROXY=http://elsewhere")));
}

TEST(Environment, IsTheAccounts) {
  EXPECT_THAT(
      build_environment({{{"HOME", "/root"}, {"USER", "root"}, {"SHELL", "/bin/fish"}}, {}, {}, {}},
                        kMe, "/work"),
      ::testing::IsSupersetOf({"HOME=/home/me", "USER=me", "LOGNAME=me", "SHELL=/bin/bash"}));
}

TEST(Environment, HasTheWorkFolderForAHomeWhereTheAccountHasNone) {
  Account nobody = kMe;
  nobody.home.clear();
  EXPECT_THAT(build_environment({{{"HOME", "/root"}}, {}, {}, {}}, nobody, "/work"),
              Contains("HOME=/work"));
}

TEST(Environment, HasAPathAndATerminalWhateverIsInherited) {
  const auto lines = build_environment({}, kMe, "/work");
  EXPECT_THAT(lines, Contains(StartsWith("PATH=/")));
  EXPECT_THAT(lines, Contains(StartsWith("TERM=")));
}

TEST(Variables, AreSplitAtTheFirstEqualsSign) {
  const std::array<const char*, 4> lines{"A=b=c", "EMPTY=", "broken", "=x"};
  EXPECT_EQ(split_variables(lines), (Variables{{"A", "b=c"}, {"EMPTY", ""}}));
}

}  // namespace
}  // namespace sallyport::sandbox
