#include "reference/base/diagnostics.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::base {
namespace {

constexpr std::array<std::string_view, 3> kWords{"providers", "policy", "steps"};

TEST(Diagnostics, PrintsFileLineColumnSortedAndOnce) {
  Diagnostics all;
  all.add({"b.yaml", {3, 1}, "second", std::nullopt});
  all.add({"a.yaml", {9, 4}, "first", std::nullopt});
  all.add({"b.yaml", {3, 1}, "second", std::nullopt});
  EXPECT_EQ(all.to_string(), "a.yaml:9:4: first\nb.yaml:3:1: second\n");
}

TEST(Diagnostics, NamesTheAliasBesideTheAnchor) {
  const Diagnostic one{"a.yaml", {2, 5}, "wrong", Mark{7, 3}};
  EXPECT_EQ(one.to_string(), "a.yaml:2:5: wrong (used at line 7, column 3)");
}

TEST(Diagnostics, SuggestsTheNearestWord) {
  EXPECT_EQ(nearest("provider", kWords), "providers");
  EXPECT_EQ(nearest("polciy", kWords), "policy");
  EXPECT_EQ(suggestion("sptes", kWords), "; did you mean \"steps\"?");
}

TEST(Diagnostics, ListsTheWordsWhenNoneIsNear) {
  EXPECT_EQ(suggestion("zzzzzzzz", kWords), "; it must be one of providers, policy, steps");
}

}  // namespace
}  // namespace sallyport::base
