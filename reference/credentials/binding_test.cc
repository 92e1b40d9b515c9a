#include <gtest/gtest.h>

#include "reference/credentials/store.h"

namespace sallyport::credentials {
namespace {

bool path_allowed(std::string path, std::string_view asked) {
  const Binding binding{"api.example", 443, std::move(path)};
  return allows(binding, Endpoint{"api.example", 443, asked});
}

TEST(Binding, HoldsForItsHostWhateverTheCaseAndItsPort) {
  const Binding binding{"API.example", 443, ""};
  EXPECT_TRUE(allows(binding, Endpoint{"api.example", 443, "/"}));
  EXPECT_FALSE(allows(binding, Endpoint{"api.example", 80, "/"}));
  EXPECT_FALSE(allows(binding, Endpoint{"api.example.evil", 443, "/"}));
}

TEST(Binding, TakesOneLabelForAStarAndOneOrMoreForTwo) {
  const Binding one{"*.example", 443, ""};
  EXPECT_TRUE(allows(one, Endpoint{"a.example", 443, "/"}));
  EXPECT_FALSE(allows(one, Endpoint{"a.b.example", 443, "/"}));
  EXPECT_FALSE(allows(one, Endpoint{"example", 443, "/"}));
  const Binding more{"**.example", 443, ""};
  EXPECT_TRUE(allows(more, Endpoint{"a.b.example", 443, "/"}));
  EXPECT_FALSE(allows(more, Endpoint{"example", 443, "/"}));
}

TEST(Binding, LeadsNowhereWithAMalformedHostOrNoPort) {
  EXPECT_FALSE(allows(Binding{"", 443, ""}, Endpoint{"", 443, "/"}));
  EXPECT_FALSE(allows(Binding{"a..b", 443, ""}, Endpoint{"a..b", 443, "/"}));
  EXPECT_FALSE(allows(Binding{"a.example", 0, ""}, Endpoint{"a.example", 0, "/"}));
}

TEST(Binding, LeadsToEveryPathWithoutOneOrWithTwoStars) {
  for (const std::string path : {"", "**", "/**"}) {
    EXPECT_TRUE(path_allowed(path, "/")) << path;
    EXPECT_TRUE(path_allowed(path, "/v1/models")) << path;
  }
}

TEST(Binding, LeadsToAPathAndWhatIsBelowIt) {
  EXPECT_TRUE(path_allowed("/v1/**", "/v1"));
  EXPECT_TRUE(path_allowed("/v1/**", "/v1/models/x"));
  EXPECT_FALSE(path_allowed("/v1/**", "/v10"));
  EXPECT_FALSE(path_allowed("/v1/**", "/"));
}

TEST(Binding, CrossesSlashesWithTheStarOfAPath) {
  EXPECT_TRUE(path_allowed("/v1/*/chat", "/v1/a/b/chat"));
  EXPECT_TRUE(path_allowed("/v?/models", "/v2/models"));
  EXPECT_FALSE(path_allowed("/v1/*/chat", "/v1/a/chats"));
  EXPECT_TRUE(path_allowed("/v1/models", "/v1/models"));
  EXPECT_FALSE(path_allowed("/v1/models", "/v1/models/"));
}

TEST(Binding, TakesAGlobThatIsNoneForItself) {
  EXPECT_TRUE(path_allowed("/a[1]", "/a[1]"));
  EXPECT_FALSE(path_allowed("/a[1]", "/a1"));
  EXPECT_FALSE(path_allowed("/a/**/b", "/a/x/b"));
  EXPECT_TRUE(path_allowed("/a/**/b", "/a/**/b"));
}

TEST(Binding, EndsSoonOnAGlobMadeToTakeLong) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "/*a";
  EXPECT_FALSE(path_allowed(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace sallyport::credentials
