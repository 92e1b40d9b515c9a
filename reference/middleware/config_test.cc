#include "reference/middleware/config.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <limits>

namespace sallyport::middleware {
namespace {

using google::protobuf::Struct;

std::string there_and_back(std::string_view json) {
  Struct config;
  return struct_from_json(json, config) ? json_from_struct(config) : "none";
}

TEST(Config, SurvivesTheWayThereAndBack) {
  const std::string json =
      R"({"a":[1,-0.5,"x",true,null,[],{}],"b":{"c":"\"\\\u000a","d":1e+300},"é":""})";
  EXPECT_EQ(there_and_back(json), json);
  EXPECT_EQ(there_and_back("{}"), "{}");
  EXPECT_EQ(there_and_back(R"( { "b" : 1.0 , "a" : 2 } )"), R"({"a":2,"b":1})");
}

TEST(Config, IsAnObjectOfBoundedDepth) {
  for (const char* text : {"", "[]", "1", "null", "{", "{\"a\":}", "{} x", "{\"a\":\"\xff\"}"}) {
    Struct config;
    (*config.mutable_fields())["left"].set_bool_value(true);
    EXPECT_FALSE(struct_from_json(text, config)) << text;
    EXPECT_EQ(config.fields_size(), 0) << text;
  }
  const auto nested = [](int depth) {
    std::string text = "{\"a\":";
    for (int i = 0; i < depth; ++i) text += '[';
    for (int i = 0; i < depth; ++i) text += ']';
    return text + "}";
  };
  EXPECT_NE(there_and_back(nested(60)), "none");
  EXPECT_EQ(there_and_back(nested(70)), "none");
  EXPECT_EQ(there_and_back(nested(200'000)), "none");
}

TEST(Config, HasNoNumberThatJsonCannotWrite) {
  Struct config;
  (*config.mutable_fields())["a"].set_number_value(std::numeric_limits<double>::infinity());
  (*config.mutable_fields())["b"];
  EXPECT_EQ(json_from_struct(config), R"({"a":null,"b":null})");
}

}  // namespace
}  // namespace sallyport::middleware
