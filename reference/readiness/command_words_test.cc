#include "reference/readiness/command_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::readiness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(SplitWords, PartsAtBlanks) {
  EXPECT_THAT(split_words(" docker  exec\tbox\n--"),
              Optional(ElementsAre("docker", "exec", "box", "--")));
  EXPECT_THAT(split_words(" "), Optional(IsEmpty()));
}

TEST(SplitWords, KeepsTogetherWhatIsQuoted) {
  EXPECT_THAT(split_words(R"(a 'b c'd "e 'f' \" \\ \n" g\ h '' "")"),
              Optional(ElementsAre("a", "b cd", R"(e 'f' " \ \n)", "g h", "", "")));
}

TEST(SplitWords, ExpandsNothing) {
  EXPECT_THAT(split_words(R"w($HOME `id` "$(id)" * ~)w"),
              Optional(ElementsAre("$HOME", "`id`", "$(id)", "*", "~")));
}

TEST(SplitWords, RefusesWhatDoesNotEnd) {
  for (const char* text : {"a 'b", "a \"b", "a \"b\\\"", "a \\"}) EXPECT_FALSE(split_words(text));
}

TEST(Quoted, HoldsAnyTextInOneWord) {
  EXPECT_EQ(quoted("https://inference.local/v1/models"), "'https://inference.local/v1/models'");
  EXPECT_EQ(quoted("a'; id; '"), R"('a'\''; id; '\''')");
  for (const char* text : {"", "'", "''", "a b", "$(id)", "\\", "a\nb", "\"'\\"})
    EXPECT_THAT(split_words(quoted(text)), Optional(ElementsAre(text)));
}

TEST(CommandLine, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(command_line({"docker", "exec", "my box", "--", "sh", "-c", "echo $A", ""}),
            "docker exec 'my box' -- sh -c 'echo $A' ''");
}

TEST(Printable, TakesOutWhatSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[31mred\x07\r\n\tb\x7f", 100), "a [31mred b");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m",
                      100),
            "a?31m");
  EXPECT_EQ(printable("\n\n", 100), "");
}

TEST(Printable, KeepsReadableTextAndMarksTheRest) {
  EXPECT_EQ(printable("caf\xC3\xA9", 100), "caf\xC3\xA9");
  EXPECT_EQ(printable("\xFF\xFEok", 100), "??ok");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("0123456789", 10), "0123456789");
  EXPECT_EQ(printable("0123456789a", 10), "0123456...");
  EXPECT_EQ(printable("012345\xC3\xA9"
                      "6789",
                      10),
            "012345...");
}

}  // namespace
}  // namespace sallyport::readiness
