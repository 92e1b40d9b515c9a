#include "reference/policy/path_scope.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

TEST(PathScope, IsForTheSubtreeAndItsRoot) {
  const struct {
    const char* scope;
    const char* path;
    bool matches;
  } kRows[] = {
      {"**", "/a/b", true},        {"/**", "/", true},          {"/v1/**", "/v1", true},
      {"/v1/**", "/v1/a/b", true}, {"/v1/**", "/v10", false},   {"/v1", "/v1", true},
      {"/v1", "/v1/a", false},     {"/v1/*", "/v1/a/b", true},  {"/v1/*", "/v1", false},
      {"/v*/x", "/v1/2/x", true},  {"/v?/**", "/v1", true},     {"/v?/**", "/v1/a", true},
      {"/v?/**", "/v12", false},   {"/{a,b}/**", "/b/x", true}, {"/[ab]/**", "/c/x", false},
  };
  for (const auto& row : kRows) {
    const auto scope = PathScope::parse(row.scope);
    ASSERT_TRUE(scope) << row.scope;
    EXPECT_EQ(scope->matches(row.path), row.matches) << row.scope << " on " << row.path;
  }
}

TEST(PathScope, CountsWhatIsNoStar) {
  EXPECT_EQ(PathScope::parse("**")->specificity(), 0U);
  EXPECT_EQ(PathScope::parse("/**")->specificity(), 1U);
  EXPECT_EQ(PathScope::parse("/v1/**")->specificity(), 4U);
  EXPECT_EQ(PathScope::parse("/v1/a*")->specificity(), 5U);
}

TEST(PathScope, IsAbsoluteOrAny) {
  for (const char* text : {"", "v1", "*", "*/v1", "/[a", "/{a"}) {
    EXPECT_TRUE(PathScope::fault(text)) << text;
    EXPECT_FALSE(PathScope::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::policy
