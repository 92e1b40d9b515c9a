// The module's readers of client bytes against every prefix and every single-octet mutation of some
// seeds: whatever they answer, they answer, and a body that passes says the operator's model.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <functional>
#include <string>

#include "reference/http/text.h"
#include "reference/inference/request.h"

namespace sallyport::inference {
namespace {

void for_each_mutation(const std::string& seed, const std::function<void(std::string_view)>& feed) {
  for (std::size_t size = 0; size <= seed.size(); ++size)
    feed(std::string_view(seed).substr(0, size));
  std::string mutant = seed;
  for (std::size_t at = 0; at < seed.size(); ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      mutant[at] = static_cast<char>(octet);
      feed(mutant);
    }
    mutant[at] = seed[at];
  }
}

void expect_forced(std::string_view body) {
  const auto spliced = force_model(body, R"("op")");
  if (!spliced) return;
  const std::string text = spliced->to_string();
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  ASSERT_FALSE(document.HasParseError()) << text;
  ASSERT_TRUE(document.IsObject()) << text;
  bool found = false;
  for (const auto& member : document.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (!http::equal_ignoring_case(name, "model")) continue;
    found = true;
    ASSERT_TRUE(member.value.IsString()) << text;
    EXPECT_STREQ(member.value.GetString(), "op") << text;
  }
  EXPECT_TRUE(found) << text;
}

TEST(InferenceMutation, Bodies) {
  for_each_mutation(R"({"model":"x","a":[1.5e3,{"model":true}],"mod\u0065l":{"b":null} })",
                    expect_forced);
  for_each_mutation(R"( {"a":"\"model\"","Model" : [ "x" ] , "b":-0} )", expect_forced);
}

TEST(InferenceMutation, Targets) {
  for (const char* seed : {"/v1/models/a%2Fb%2E./c?d", "/v1/chat/completions", "/v1/models/../x"}) {
    for_each_mutation(seed, [](std::string_view target) {
      http::RequestHead head;
      head.method = "GET";
      head.target = target;
      const auto call = read_call(head, 4096);
      if (!call) return;
      // Nothing that an upstream's URL library could resolve to another path.
      std::string path = http::lower(call->target.path());
      if (!path.ends_with('/')) path.push_back('/');
      EXPECT_TRUE(path.starts_with("/v1/models/")) << target;
      for (const char* dots : {"/../", "/./", "%2f..", "..%2f", "%2e", "//"})
        EXPECT_EQ(path.find(dots), std::string::npos) << target;
    });
  }
}

}  // namespace
}  // namespace sallyport::inference
