#include <gtest/gtest.h>

#include "simulator/journal/query.h"

namespace sallyport::sim::journal {
namespace {

Matcher equal(std::vector<std::string> texts) {
  Matcher out;
  out.has_equals = true;
  out.equals_any = std::move(texts);
  return out;
}

Matcher inverse(Matcher of) {
  Matcher out;
  out.not_ = std::make_shared<Matcher>(std::move(of));
  return out;
}

bool fits_text(const std::string& text, const Matcher& matcher) {
  const Value value = text;
  return fits(&value, matcher);
}

bool fits_number(std::int64_t number, const Matcher& matcher) {
  const Value value = number;
  return fits(&value, matcher);
}

bool fits_json(const std::string& text, const Matcher& matcher) {
  const Value value = Json{text};
  return fits(&value, matcher);
}

TEST(Matcher, ComparesTextsByText) {
  EXPECT_TRUE(fits_text("000", equal({"000"})));
  EXPECT_FALSE(fits_text("000", equal({"0"})));
  EXPECT_TRUE(fits_text("b", equal({"a", "b"})));
}

TEST(Matcher, ComparesNumbersNumerically) {
  EXPECT_TRUE(fits_number(200, equal({"200"})));
  EXPECT_TRUE(fits_number(7, equal({"007"})));
  EXPECT_FALSE(fits_number(200, equal({"ok"})));
}

TEST(Matcher, LooksIntoTexts) {
  Matcher parts;
  parts.contains = "lo w";
  parts.starts = "hel";
  parts.ends = "rld";
  parts.matches = "o{1} .o";
  EXPECT_TRUE(fits_text("hello world", parts));
  EXPECT_FALSE(fits_text("hello worlds", parts));
}

TEST(Matcher, HoldsBounds) {
  Matcher bound;
  bound.at_least = 2;
  bound.at_most = 4;
  EXPECT_FALSE(fits_number(1, bound));
  EXPECT_TRUE(fits_number(2, bound));
  EXPECT_TRUE(fits_number(4, bound));
  EXPECT_FALSE(fits_number(5, bound));
  EXPECT_TRUE(fits_text("3", bound));
  EXPECT_FALSE(fits_text("three", bound));
}

TEST(Matcher, AbsentSatisfiesOnlyAbsentAndNot) {
  Matcher absent;
  absent.absent = true;
  Matcher present;
  present.absent = false;
  EXPECT_TRUE(fits(nullptr, absent));
  EXPECT_FALSE(fits(nullptr, present));
  EXPECT_FALSE(fits(nullptr, equal({""})));
  EXPECT_TRUE(fits(nullptr, inverse(equal({"x"}))));
  EXPECT_FALSE(fits(nullptr, inverse(absent)));
  EXPECT_FALSE(fits_text("x", absent));
  EXPECT_TRUE(fits_text("x", present));
}

TEST(Matcher, ANotBesideAnotherPartExcusesNoAbsence) {
  Matcher both = inverse(equal({"x"}));
  both.contains = "y";
  EXPECT_FALSE(fits(nullptr, both));
  EXPECT_TRUE(fits_text("y", both));
}

TEST(Matcher, AScalarWantsExactlyOneHeaderLine) {
  Matcher headers;
  headers.members["X-A"] = equal({"1"});
  const Value one = HeaderList{{"x-a", "1"}};
  const Value two = HeaderList{{"x-a", "1"}, {"X-A", "1"}};
  EXPECT_TRUE(fits(&one, headers));
  EXPECT_FALSE(fits(&two, headers));
}

TEST(Matcher, AMapWantsAnyHeaderLine) {
  Matcher headers;
  headers.members["x-a"].contains = "b";
  const Value two = HeaderList{{"x-a", "a"}, {"X-A", "abc"}};
  const Value none = HeaderList{{"x-b", "b"}};
  EXPECT_TRUE(fits(&two, headers));
  EXPECT_FALSE(fits(&none, headers));
}

TEST(Matcher, NotOverHeadersIsNotSatisfiedByASecondLine) {
  Matcher has;
  has.contains = "secret";
  Matcher headers;
  headers.members["x-a"] = inverse(has);
  const Value two = HeaderList{{"x-a", "secret"}, {"x-a", "fine"}};
  const Value fine = HeaderList{{"x-a", "fine"}};
  const Value none = HeaderList{};
  EXPECT_FALSE(fits(&two, headers));
  EXPECT_TRUE(fits(&fine, headers));
  EXPECT_TRUE(fits(&none, headers));
}

TEST(Matcher, CountsHeaderLines) {
  Matcher headers;
  headers.members["x-a"].count = 2;
  const Value two = HeaderList{{"x-a", "1"}, {"X-A", "2"}};
  const Value one = HeaderList{{"x-a", "1"}};
  EXPECT_TRUE(fits(&two, headers));
  EXPECT_FALSE(fits(&one, headers));
}

TEST(Matcher, FindsHeadersAbsent) {
  Matcher headers;
  headers.members["authorization"].absent = true;
  const Value with = HeaderList{{"Authorization", "Bearer x"}};
  const Value without = HeaderList{{"accept", "*/*"}};
  EXPECT_FALSE(fits(&with, headers));
  EXPECT_TRUE(fits(&without, headers));
}

TEST(Matcher, PointsIntoJson) {
  Matcher json;
  json.members["/data/0/id"] = equal({"m1"});
  json.members["/n"] = equal({"1.5"});
  json.members["/stream"] = equal({"true"});
  json.members["/gone"].absent = true;
  EXPECT_TRUE(fits_json(R"({"data":[{"id":"m1"}],"n":1.50,"stream":true})", json));
  EXPECT_TRUE(fits_text(R"({"data":[{"id":"m1"}],"n":1.5,"stream":true})", json));
  EXPECT_FALSE(fits_json(R"({"data":[{"id":"m1"}],"n":2,"stream":true})", json));
  EXPECT_FALSE(fits_text("not json", json));
}

TEST(Matcher, ComparesJsonByValue) {
  Matcher json;
  json.equals_json = Json{R"({"a":1,"b":[true,null]})"};
  EXPECT_TRUE(fits_json(R"({ "b": [true, null], "a": 1.0 })", json));
  EXPECT_FALSE(fits_json(R"({"a":1,"b":[true]})", json));
}

TEST(Matcher, DeeplyNestedJsonIsAnAnswerNotACrash) {
  Matcher json;
  json.members["/a"] = equal({"1"});
  EXPECT_FALSE(fits_text(std::string(100'000, '['), json));
  json.equals_json = Json{"[]"};
  EXPECT_FALSE(fits_text(std::string(100'000, '[') + std::string(100'000, ']'), json));
}

TEST(Matcher, ReplacesVariablesEverywhere) {
  Matcher matcher = inverse(equal({"$(step.nonce)"}));
  matcher.contains = "a $(x) $$(y)";
  matcher.members["/p"] = equal({"$(step.nonce)"});
  const Matcher out = expand(matcher, [](std::string_view name) {
    return name == "step.nonce" ? std::optional<std::string>("n1") : std::nullopt;
  });
  EXPECT_EQ(out.not_->equals_any[0], "n1");
  EXPECT_EQ(*out.contains, "a $(x) $(y)");
  EXPECT_EQ(out.members.at("/p").equals_any[0], "n1");
  EXPECT_EQ(matcher.not_->equals_any[0], "$(step.nonce)");
}

TEST(Expand, LeavesTheEscapeUntilTheLastTime) {
  const Lookup lookup = [](std::string_view) { return std::optional<std::string>("v"); };
  EXPECT_EQ(expand("$(a) $$(a) $(", lookup, false), "v $$(a) $(");
  EXPECT_EQ(expand("$(a) $$(a) $(", lookup, true), "v $(a) $(");
}

TEST(Matcher, TellsPatternErrors) {
  EXPECT_TRUE(pattern_error("(").has_value());
  EXPECT_FALSE(pattern_error("a+").has_value());
}

TEST(Describe, SaysMatchersAsAPersonWould) {
  EXPECT_EQ(describe(equal({"404"})), "404");
  EXPECT_EQ(describe(equal({"ok", "refused"})), "one of ok, refused");
  Matcher has;
  has.contains = "a b";
  EXPECT_EQ(describe(has), "contains \"a b\"");
  EXPECT_EQ(describe(inverse(has)), "not (contains \"a b\")");
  Matcher json;
  json.members["/id"] = equal({"m 1"});
  EXPECT_EQ(describe(json), "/id: \"m 1\"");
}

TEST(Describe, ShortensValues) {
  const Value value = std::string(1000, 'x');
  EXPECT_LT(describe(&value).size(), 200U);
  EXPECT_NE(describe(&value).find("1000 octets"), std::string::npos);
  const Value bytes = std::string("a\r\n\x01");
  EXPECT_EQ(describe(&bytes), "\"a\\r\\n\\x01\"");
  EXPECT_EQ(describe(static_cast<const Value*>(nullptr)), "absent");
}

}  // namespace
}  // namespace sallyport::sim::journal
