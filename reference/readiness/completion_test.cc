#include "reference/readiness/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::readiness {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

TEST(CompletionText, IsWhatTheChoicesSay) {
  EXPECT_THAT(
      completion_text(
          R"({"id":"x","choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]})"),
      Optional(std::string("a\nb\n")));
  EXPECT_THAT(completion_text(R"({"choices":[{"message":{"content":"P\u004fNG"}}]})"),
              Optional(HasSubstr("PONG")));
}

TEST(CompletionText, IsInPartsToo) {
  EXPECT_THAT(completion_text(R"({"choices":[{"message":{"content":[{"type":"text","text":"PONG"},
              {"type":"image_url"},3]}}]})"),
              Optional(std::string("PONG\n")));
}

TEST(CompletionText, LeavesOutWhatIsNoAnswer) {
  for (const char* json :
       {R"({"choices":[]})", R"({"choices":[{}]})", R"({"choices":[{"message":"PONG"}]})",
        R"({"choices":[{"message":{"content":null,"reasoning":"PONG"}}]})",
        R"({"choices":[{"delta":{"content":"PONG"}}]})", R"({"choices":["PONG"]})"})
    EXPECT_THAT(completion_text(json), Optional(std::string())) << json;
}

TEST(CompletionText, IsNothingForWhatIsNoCompletion) {
  for (const char* json :
       {"", "PONG", "\"PONG\"", "[]", "{}", R"({"choices":{"PONG":1}})",
        R"({"error":{"message":"PONG"}})", R"({"choices":[]} PONG)", "{\"choices\":["})
    EXPECT_FALSE(completion_text(json)) << json;
}

TEST(CompletionText, BearsNestingWithoutBound) {
  EXPECT_FALSE(completion_text(std::string(500'000, '[')));
  EXPECT_FALSE(completion_text(std::string(200'000, '[') + std::string(200'000, ']')));
}

}  // namespace
}  // namespace sallyport::readiness
