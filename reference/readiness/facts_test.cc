#include "reference/readiness/facts.h"

#include <gtest/gtest.h>

namespace sallyport::readiness {
namespace {

TEST(ToldNamespace, IsInTheLastLineOfExec) {
  EXPECT_EQ(told_namespace("noise\n{\"sandbox\":\"ci\",\"outcome\":\"ended\",\"code\":0,"
                           "\"netns\":4026532580}\n"),
            4026532580U);
}

TEST(ToldNamespace, IsNothingWhereNoCommandRan) {
  EXPECT_FALSE(told_namespace("{\"sandbox\":\"ci\",\"outcome\":\"not_run\",\"netns\":0}\n"));
  for (const char* text : {"", "\n", "no json", "[4]", "{}", "{\"netns\":\"4\"}", "{\"netns\":-4}",
                           "{\"netns\":4}\nmore"})
    EXPECT_FALSE(told_namespace(text)) << text;
  EXPECT_FALSE(told_namespace(std::string(200'000, '[')));
}

}  // namespace
}  // namespace sallyport::readiness
