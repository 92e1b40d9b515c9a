#include "reference/sandbox/exec_request.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace sallyport::sandbox {
namespace {

using std::string_literals::operator""s;

TEST(ExecRequest, IsReadAsItWasWritten) {
  const ExecRequest request{1500, {"sh", "-c", "", "a b\n\xff"}};
  EXPECT_EQ(read_exec_request(*write_exec_request(request)), request);
}

TEST(ExecRequest, MayBeAsLongAsItsBoundAndNoLonger) {
  const ExecRequest most{0, {std::string(kExecWordsMax - 1, 'x')}};
  ASSERT_TRUE(write_exec_request(most));
  EXPECT_EQ(read_exec_request(*write_exec_request(most)), most);
  EXPECT_FALSE(write_exec_request({0, {std::string(kExecWordsMax, 'x')}}));
}

TEST(ExecRequest, IsNothingElse) {
  for (const std::string& text :
       {""s, "exec1"s, "exec1\0"s, "exec1\0x\0sh\0"s, "exec2\0"s + "0\0sh\0"s, "exec1\0"s + "0\0"s,
        "exec1\0"s + "0\0sh"s, "exec1\0-1\0sh\0"s, "exec1\0"s + "0\0\0"s,
        "exec1\0"s + "99999999999999999999\0sh\0"s, std::string(4096, '\0')}) {
    EXPECT_FALSE(read_exec_request(text)) << ::testing::PrintToString(text);
  }
}

TEST(ExecSignal, IsOneOfThoseThatArePassedOn) {
  EXPECT_EQ(read_signal("signal 2"), SIGINT);
  EXPECT_EQ(read_signal("signal 15"), SIGTERM);
  EXPECT_FALSE(read_signal("signal 19"));
  EXPECT_FALSE(read_signal("signal 0"));
  EXPECT_FALSE(read_signal("signal -9"));
  EXPECT_FALSE(read_signal("signal x"));
  EXPECT_FALSE(read_signal("exec"));
}

}  // namespace
}  // namespace sallyport::sandbox
