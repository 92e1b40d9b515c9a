#include "reference/inference/profiles.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::inference {
namespace {

TEST(Profiles, OpenaiTakesABearerTokenAndSpeaksFiveProtocols) {
  const Profile* profile = find_profile("openai");
  ASSERT_NE(profile, nullptr);
  EXPECT_EQ(profile->default_base_url, "https://api.openai.com/v1");
  EXPECT_EQ(profile->auth.kind, AuthKind::bearer);
  EXPECT_EQ(profile->protocols.size(), 5U);
  EXPECT_TRUE(profile->default_headers.empty());
}

TEST(Profiles, AnthropicTakesItsKeyInAFieldOfItsOwn) {
  const Profile* profile = find_profile("anthropic");
  ASSERT_NE(profile, nullptr);
  EXPECT_EQ(profile->auth, (AuthHeader{AuthKind::custom, "x-api-key"}));
  ASSERT_EQ(profile->default_headers.size(), 1U);
  EXPECT_EQ(profile->default_headers[0].name, "anthropic-version");
  EXPECT_EQ(profile->default_headers[0].value, "2023-06-01");
}

TEST(Profiles, AreFourAndOthersAreRefusedByName) {
  for (const std::string_view type : profile_types()) EXPECT_NE(find_profile(type), nullptr);
  EXPECT_EQ(profile_types().size(), 4U);
  for (const char* type : {"google-vertex-ai", "aws-bedrock"}) {
    EXPECT_EQ(find_profile(type), nullptr);
    EXPECT_TRUE(is_unserved_type(type));
  }
  EXPECT_EQ(find_profile(""), nullptr);
  EXPECT_FALSE(is_unserved_type("openai"));
}

TEST(Profiles, ListNoProtocolThatIsNotServed) {
  const auto served = served_protocols();
  for (const std::string_view type : profile_types()) {
    for (const std::string_view protocol : find_profile(type)->protocols)
      EXPECT_NE(std::find(served.begin(), served.end(), protocol), served.end()) << protocol;
  }
}

}  // namespace
}  // namespace sallyport::inference
