#include "simulator/wire/sse_reader.h"

#include <gtest/gtest.h>

namespace sallyport::sim::wire {
namespace {

TEST(SseReader, GivesWholeEventsWhereverTheyAreCut) {
  const std::string bytes = ": hello\n\ndata: one\n\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    SseReader reader;
    auto events = reader.feed(std::string_view(bytes).substr(0, cut));
    for (auto& event : reader.feed(std::string_view(bytes).substr(cut))) events.push_back(event);
    ASSERT_EQ(events.size(), 2U) << cut;
    EXPECT_EQ(events[0].data, "one");
    EXPECT_EQ(events[1].name, "x");
    EXPECT_EQ(events[1].data, "a\nb");
    EXPECT_EQ(reader.count(), 2U);
  }
}

TEST(SseReader, CountsTheTerminalEventToo) {
  SseReader reader;
  (void)reader.feed("data: {\"a\":1}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(reader.count(), 2U);
  EXPECT_EQ(reader.end(), "terminal");
}

TEST(SseReader, DoesntCountErrorEvents) {
  SseReader reader;
  const auto events = reader.feed("data: {\"a\":1}\n\ndata: {\"error\":{\"message\":\"m\"}}\n\n");
  EXPECT_TRUE(events.at(1).error);
  EXPECT_EQ(reader.count(), 1U);
  EXPECT_EQ(reader.end(), "error");
}

TEST(SseReader, ANullErrorIsNone) {
  SseReader reader;
  EXPECT_FALSE(reader.feed("data: {\"error\":null}\n\n").at(0).error);
}

TEST(SseReader, TellsAPartialEventFromAMissingEnd) {
  SseReader reader;
  (void)reader.feed("data: 1\n\n");
  EXPECT_EQ(reader.end(), "missing");
  (void)reader.feed("dat");
  EXPECT_EQ(reader.end(), "partial");
}

TEST(SseReader, AStumpThatWasWrittenOverStaysPartial) {
  SseReader reader;
  EXPECT_TRUE(reader.feed("datdata: {\"error\":{}}\n\n").empty());
  EXPECT_EQ(reader.end(), "partial");
}

}  // namespace
}  // namespace sallyport::sim::wire
