#include <gtest/gtest.h>

#include "simulator/journal/query.h"

namespace sallyport::sim::journal {
namespace {

Event request() {
  Event event;
  event.source = "api";
  event.source_type = "provider";
  event.kind = "request";
  event.fields["path"] = std::string("/v1/models");
  event.fields["status"] = std::int64_t{403};
  return event;
}

Selector selector(const std::string& source) {
  Selector out;
  out.source = source;
  out.kind = "request";
  return out;
}

void where(Selector& selector, const std::string& field, const std::string& text) {
  Matcher& matcher = selector.where[field];
  matcher.has_equals = true;
  matcher.equals_any = {text};
}

TEST(Selector, MeansASourceOrAnyOfAType) {
  EXPECT_TRUE(fits(request(), selector("api")));
  EXPECT_TRUE(fits(request(), selector("providers")));
  EXPECT_FALSE(fits(request(), selector("decoys")));
  EXPECT_FALSE(fits(request(), selector("other")));
}

TEST(Selector, HoldsEveryField) {
  Selector wanted = selector("api");
  where(wanted, "path", "/v1/models");
  EXPECT_TRUE(fits(request(), wanted));
  where(wanted, "status", "200");
  EXPECT_FALSE(fits(request(), wanted));
}

TEST(Selector, AnUnknownStepFitsAnyStepOnlyWhenLenient) {
  Selector wanted = selector("api");
  where(wanted, "step", "call");
  EXPECT_FALSE(fits(request(), wanted));
  EXPECT_TRUE(fits(request(), wanted, true));
  Event other = request();
  other.step = "another";
  EXPECT_FALSE(fits(other, wanted, true));
}

TEST(Selector, TellsWhatAnEventMisses) {
  Selector wanted = selector("api");
  where(wanted, "path", "/v1/models");
  where(wanted, "status", "200");
  const Miss miss = misses(request(), wanted);
  EXPECT_EQ(miss.fields, 1);
  EXPECT_EQ(miss.text, "status is 403, not 200");
}

TEST(Selector, ReadsAsItIsWritten) {
  Selector wanted = selector("api");
  EXPECT_EQ(wanted.to_string(), "api.request");
  where(wanted, "step", "call");
  wanted.since = "first";
  wanted.nth = 2;
  EXPECT_EQ(wanted.to_string(), "api.request where {step: call} since first (number 2)");
}

}  // namespace
}  // namespace sallyport::sim::journal
