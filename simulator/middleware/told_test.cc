#include "simulator/middleware/told.h"

#include <gtest/gtest.h>

namespace sallyport::sim::middleware {
namespace {

TEST(Told, AnEventIsRead) {
  const auto told =
      read_told(R"({"kind":"evaluate","at":5,"connection":2,"peer":"10.0.0.1:80","hits":["down"],)"
                R"("fields":{"method":"POST","port":443,"headers":["a","1","a","2"],)"
                R"("json":{"json":"{\"k\":1}"}}})");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->kind, "evaluate");
  EXPECT_EQ(told->at.time_since_epoch().count(), 5);
  EXPECT_EQ(told->connection, 2U);
  EXPECT_EQ(told->peer->to_string(), "10.0.0.1:80");
  EXPECT_EQ(std::get<std::string>(told->fields.at("method")), "POST");
  EXPECT_EQ(std::get<std::int64_t>(told->fields.at("port")), 443);
  EXPECT_EQ(std::get<journal::HeaderList>(told->fields.at("headers")).at(1).second, "2");
  EXPECT_EQ(std::get<journal::Json>(told->fields.at("json")).text, "{\"k\":1}");
  EXPECT_EQ(told->hits, std::vector<std::string>{"down"});
}

TEST(Told, OtherTextIsNothing) {
  for (const char* const text :
       {"", "{", "[]", "{}", R"({"kind":"x"})", R"({"kind":"x","at":"now"})", R"({"at":1})"}) {
    EXPECT_FALSE(read_told(text)) << text;
  }
  EXPECT_FALSE(read_told(std::string(200000, '[')));
}

TEST(Told, PartsOfTheWrongTypeAreLeftOut) {
  const auto told = read_told(
      R"({"kind":"x","at":1,"connection":-1,"peer":7,"hits":{},"fields":{"a":[1],"b":null}})");
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->fields.empty());
  EXPECT_FALSE(told->peer);
}

TEST(Told, ThePortIsInAWholeLine) {
  EXPECT_EQ(ready_port("{\"port\": 9000}\n"), 9000);
  EXPECT_FALSE(ready_port("{\"port\": 9000}"));
  EXPECT_FALSE(ready_port("{\"port\": 90000}\n"));
  EXPECT_FALSE(ready_port("{\"port\": \"x\"}\n"));
  EXPECT_FALSE(ready_port("\n"));
}

}  // namespace
}  // namespace sallyport::sim::middleware
