#include "simulator/runner/fake_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string nul(std::initializer_list<std::string> texts) {
  std::string all;
  for (const std::string& text : texts) all += text + '\0';
  return all;
}

TEST(FakeTools, ACallIsTakenOffWhole) {
  std::string buffer = nul({"curl", "22", "2", "-s", "http://a.test/\n?"}) + nul({"nft", "0"});
  const auto call = take_call(buffer);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->name, "curl");
  EXPECT_EQ(call->exit, 22);
  EXPECT_THAT(call->arguments, ElementsAre("-s", "http://a.test/\n?"));
  EXPECT_EQ(buffer, nul({"nft", "0"}));
  EXPECT_FALSE(take_call(buffer));
}

TEST(FakeTools, AnEmptyArgumentIsOne) {
  std::string buffer = nul({"curl", "0", "1", ""});
  const auto call = take_call(buffer);
  ASSERT_TRUE(call);
  EXPECT_THAT(call->arguments, ElementsAre(""));
  EXPECT_EQ(buffer, "");
}

TEST(FakeTools, ACallInTwoPiecesWaitsForTheSecond) {
  std::string buffer = nul({"curl", "0", "2", "a"});
  EXPECT_FALSE(take_call(buffer));
  buffer += nul({"b"});
  ASSERT_TRUE(take_call(buffer));
}

TEST(FakeTools, WhatIsNoCallIsThrownAway) {
  std::string words = nul({"curl", "x", "1", "a"});
  EXPECT_FALSE(take_call(words));
  EXPECT_EQ(words, "");
  std::string many = nul({"curl", "0", "99999999", "a"});
  EXPECT_FALSE(take_call(many));
  EXPECT_EQ(many, "");
  std::string negative = nul({"curl", "0", "-1", "a"});
  EXPECT_FALSE(take_call(negative));
  std::string endless(300UL * 1024, 'x');
  EXPECT_FALSE(take_call(endless));
  EXPECT_EQ(endless, "");
}

TEST(FakeTools, AScriptQuotesWhatItSays) {
  agents::ToolSpec tool;
  tool.name = "curl";
  tool.exit = 7;
  tool.out = "it's $(id) \\n";
  const std::string script = script_of(tool, "/run/x/.calls");
  EXPECT_THAT(script, HasSubstr("printf %s 'it'\\''s $(id) \\n'\n"));
  EXPECT_THAT(script, HasSubstr(">'/run/x/.calls'\n"));
  EXPECT_THAT(script, HasSubstr("exit 7\n"));
}

TEST(FakeTools, AnAskingScriptWaitsAtItsOwnPipeAndEndsAsItIsTold) {
  const std::string script = asking_script("docker", "/w/.calls", "/w/ho me", "/w/tools");
  EXPECT_THAT(script, HasSubstr("reply='/w/ho me'/.reply.$$\n"));
  EXPECT_THAT(script, HasSubstr("printf '%s\\0' 'docker' $$ \"$#\" \"$@\" >'/w/.calls'\n"));
  EXPECT_THAT(script, HasSubstr("read -r code <\"$reply\"\n"));
  EXPECT_THAT(script, testing::EndsWith("exit \"$code\"\n"));
}

TEST(FakeTools, AListOfTextsIsJson) {
  EXPECT_EQ(json_list({"a", "\"b\"\n", ""}), R"(["a","\"b\"\n",""])");
  EXPECT_EQ(json_list({}), "[]");
}

}  // namespace
}  // namespace sallyport::sim::runner
