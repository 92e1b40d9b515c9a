#include "reference/policy/config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;

std::string canonical(const std::string& text, std::string* complaints = nullptr) {
  base::Diagnostics found;
  const base::yaml::NodePtr root = base::yaml::parse(text, "c.yaml", found);
  EXPECT_NE(root, nullptr) << found.to_string();
  const std::string file = "c.yaml";
  const std::string json = canonical_json(*root, Notes{file, found, nullptr});
  if (complaints != nullptr) {
    *complaints = found.to_string();
  } else {
    EXPECT_EQ(found.to_string(), "");
  }
  return json;
}

TEST(CanonicalJson, SortsKeysAtEveryDepth) {
  EXPECT_EQ(canonical("{b: 1, a: {d: [1, {f: x, e: y}], c: ~}}"),
            R"({"a":{"c":null,"d":[1,{"e":"y","f":"x"}]},"b":1})");
  EXPECT_EQ(canonical("{a: [], b: {}}"), R"({"a":[],"b":{}})");
}

TEST(CanonicalJson, ReadsScalarsByTheCoreSchema) {
  EXPECT_EQ(canonical("[true, False, NULL, ~, yes, on, 2026-11-22]"),
            R"([true,false,null,null,"yes","on","2026-11-22"])");
  EXPECT_EQ(canonical("[0, -0, +7, 007, 0x1F, 0o17, 1.0, .5, 5., -1.5e3, 1E-2]"),
            "[0,0,7,7,31,15,1,0.5,5,-1500,0.01]");
  EXPECT_EQ(canonical("[1.2.3, 0x, 1e, e5, '.', -, 1_000, 0b1]"),
            R"(["1.2.3","0x","1e","e5",".","-","1_000","0b1"])");
}

TEST(CanonicalJson, LeavesQuotedTextsText) {
  EXPECT_EQ(canonical("['true', \"1\", '~', 'a\"b\\']"), R"(["true","1","~","a\"b\\"])");
  EXPECT_EQ(canonical("[\"a\\nb\\u0001\"]"), "[\"a\\u000ab\\u0001\"]");
}

TEST(CanonicalJson, RefusesWhatADoubleDoesNotHold) {
  EXPECT_EQ(canonical("[9007199254740992]"), "[9007199254740992]");
  for (const char* text : {"9007199254740993", "-9007199254740993", "99999999999999999999", ".inf",
                           "-.INF", ".nan", "1e999", "0xFFFFFFFFFFFFFFFFF"}) {
    std::string complaints;
    canonical(std::string("{a: ") + text + "}", &complaints);
    EXPECT_THAT(complaints, HasSubstr("c.yaml:1:5: ")) << text;
    EXPECT_THAT(complaints, HasSubstr("quote it")) << text;
  }
}

TEST(CanonicalJson, WritesTheShortestNumber) {
  const auto written = [](double number) {
    std::string out;
    write_number(number, out);
    return out;
  };
  EXPECT_EQ(written(1), "1");
  EXPECT_EQ(written(-0.0), "0");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(1e300), "1e+300");
}

}  // namespace
}  // namespace sallyport::policy
