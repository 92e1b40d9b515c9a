#include "reference/adapters/policy_local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::adapters {
namespace {

using ::testing::HasSubstr;

http::AbsoluteTarget target(std::string_view text) { return *http::parse_absolute_form(text); }

TEST(PolicyLocal, IsThatNameInAnyCaseAndNoOther) {
  EXPECT_TRUE(is_policy_local(target("http://policy.local/v1/denials")));
  EXPECT_TRUE(is_policy_local(target("http://POLICY.local:8080/")));
  EXPECT_FALSE(is_policy_local(target("http://a.policy.local/")));
  EXPECT_FALSE(is_policy_local(target("http://policy.localhost/")));
}

TEST(PolicyLocal, SaysOfEveryRouteThatItIsSwitchedOff) {
  for (const char* const text : {"http://policy.local/v1/policy/current", "http://policy.local",
                                 "http://policy.local:80/v1/proposals"}) {
    const http::LocalAnswer answer = policy_local_answer(target(text));
    EXPECT_EQ(answer.status, 404U) << text;
    EXPECT_THAT(answer.body, HasSubstr(R"("error":"feature_disabled")"));
    EXPECT_TRUE(answer.close);
  }
}

TEST(PolicyLocal, IsServedByPlainHttpOnPort80Alone) {
  for (const char* const text :
       {"https://policy.local/", "http://policy.local:8080/", "ftp://policy.local:80/"}) {
    const http::LocalAnswer answer = policy_local_answer(target(text));
    EXPECT_EQ(answer.status, 400U) << text;
    EXPECT_THAT(answer.body, HasSubstr(R"("error":"invalid_policy_local_scheme")"));
  }
}

}  // namespace
}  // namespace sallyport::adapters
