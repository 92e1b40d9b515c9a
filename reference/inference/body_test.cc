#include "reference/inference/body.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::inference {
namespace {

std::string forced(std::string_view body) {
  const auto spliced = force_model(body, R"("op")");
  if (!spliced) return "refused";
  EXPECT_EQ(spliced->bytes, spliced->to_string().size());
  for (const std::string_view piece : spliced->pieces) EXPECT_FALSE(piece.empty());
  return spliced->to_string();
}

TEST(ForceModel, ReplacesTheValueAndNothingElse) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"model":"x","b":1.0e1,"a":[ ]})", R"({"model":"op","b":1.0e1,"a":[ ]})"},
      {R"( { "a" : 1 , "model" : "x" } )", R"( { "a" : 1 , "model" : "op" } )"},
      {R"({"model":null})", R"({"model":"op"})"},
      {R"({"model":true,"z":false})", R"({"model":"op","z":false})"},
      {R"({"model":-12.5e+3})", R"({"model":"op"})"},
      {R"({"model":12 ,"z":1})", R"({"model":"op" ,"z":1})"},
      {R"({"model":{"model":[1,{"model":2}]},"z":1})", R"({"model":"op","z":1})"},
      {R"({"model":[1,[2],{}] ,"z":1})", R"({"model":"op" ,"z":1})"},
      {R"({"model":"a\"b\\","z":"\u00e9"})", R"({"model":"op","z":"\u00e9"})"},
      {"{\"model\"\r\n\t:\n \"x\"}", "{\"model\"\r\n\t:\n \"op\"}"},
      {R"({"model":"","z":123456789012345678901234567890})",
       R"({"model":"op","z":123456789012345678901234567890})"}};
  for (const auto& [body, want] : rows) EXPECT_EQ(forced(body), want);
}

TEST(ForceModel, InsertsAModelThatIsAbsentAsTheFirstMember) {
  EXPECT_EQ(forced("{}"), R"({"model":"op"})");
  EXPECT_EQ(forced(" { } "), R"( {"model":"op" } )");
  EXPECT_EQ(forced(R"({"a":1})"), R"({"model":"op","a":1})");
}

TEST(ForceModel, LeavesDeeperModelsAlone) {
  EXPECT_EQ(forced(R"({"a":{"model":"x"},"b":[{"model":"y"}]})"),
            R"({"model":"op","a":{"model":"x"},"b":[{"model":"y"}]})");
}

TEST(ForceModel, ReplacesEveryOccurrence) {
  EXPECT_EQ(forced(R"({"model":"x","a":1,"model":"y","model":{}})"),
            R"({"model":"op","a":1,"model":"op","model":"op"})");
}

TEST(ForceModel, SeesThroughEscapedKeys) {
  EXPECT_EQ(forced(R"({"\u006dodel":"x"})"), R"({"\u006dodel":"op"})");
  EXPECT_EQ(forced(R"({"m\u006Fdel":"x","model":"y"})"), R"({"m\u006Fdel":"op","model":"op"})");
}

TEST(ForceModel, ReplacesOtherSpellingsToo) {
  EXPECT_EQ(forced(R"({"model":"x","Model":"y"})"), R"({"model":"op","Model":"op"})");
  EXPECT_EQ(forced(R"({"MODEL":"y"})"), R"({"model":"op","MODEL":"op"})");
  EXPECT_EQ(forced(R"({"models":"y","model ":"z"})"),
            R"({"model":"op","models":"y","model ":"z"})");
}

TEST(ForceModel, IsNotFooledByTextThatLooksLikeAMember) {
  EXPECT_EQ(forced(R"({"a":"\"model\":\"x\"","b":"}"})"),
            R"({"model":"op","a":"\"model\":\"x\"","b":"}"})");
}

TEST(ForceModel, RefusesWhateverIsNotOneJsonObject) {
  for (const std::string& body : {std::string(""),
                                  std::string(" "),
                                  std::string("null"),
                                  std::string("1"),
                                  std::string(R"("model")"),
                                  std::string("[]"),
                                  std::string(R"([{"model":"x"}])"),
                                  std::string("{"),
                                  std::string(R"({"model":)"),
                                  std::string(R"({"model":"x")"),
                                  std::string(R"({"model":"x"}})"),
                                  std::string(R"({"a":1}{"model":"x"})"),
                                  std::string(R"({"a":1,})"),
                                  std::string(R"({'model':'x'})"),
                                  std::string(R"({"a":NaN})"),
                                  std::string(R"({"a":01})"),
                                  std::string("{\"a\":\"\n\"}"),
                                  std::string("{\"a\":\"\xFF\"}"),
                                  std::string("\xEF\xBB\xBF{\"a\":1}"),
                                  std::string(R"({"a":"\ud800"})"),
                                  std::string("/**/{}"),
                                  std::string("{\"a\":1}\0{\"model\":\"x\"}", 21),
                                  std::string("{\"a\":1}\0", 8),
                                  std::string("\x1F\x8B\x08\x00", 4)}) {
    EXPECT_EQ(forced(body), "refused") << body;
  }
}

TEST(ForceModel, BoundsNestingAndSplices) {
  const auto nested = [](std::size_t depth) {
    return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_NE(forced(nested(500)), "refused");
  EXPECT_EQ(forced(nested(513)), "refused");
  EXPECT_EQ(forced(R"({"a":)" + std::string(4'000'000, '[')), "refused");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_EQ(forced(objects), "refused");
  std::string many = "{";
  for (int i = 0; i < 64; ++i) many += R"("model":1,)";
  EXPECT_NE(forced(many + R"("a":1})"), "refused");
  EXPECT_EQ(forced(many + R"("model":1})"), "refused");
}

}  // namespace
}  // namespace sallyport::inference
