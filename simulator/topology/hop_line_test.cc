#include "simulator/topology/hop_line.h"

#include <gtest/gtest.h>

namespace sallyport::sim::topology {
namespace {

using std::chrono::milliseconds;
using End = HopLine::End;

base::TimePoint at(int ms) { return base::TimePoint(std::chrono::seconds(100) + milliseconds(ms)); }

// What is due at `now`, all of it.
std::string take_all(HopLine& line, base::TimePoint now) {
  std::string all;
  for (;;) {
    const std::string_view bytes = line.due(now);
    if (bytes.empty()) return all;
    all += bytes;
    line.take(bytes.size());
  }
}

TEST(HopLine, PassesEverythingOnAtOnceWithoutAPace) {
  HopLine line({});
  line.put("abc", at(0));
  line.put("def", at(0));
  EXPECT_EQ(take_all(line, at(0)), "abcdef");
  line.end(End::fin, at(0));
  EXPECT_EQ(line.ended(at(0)), End::fin);
}

TEST(HopLine, HoldsOctetsAndTheEndForTheDelay) {
  HopLine line({milliseconds(10), {}});
  line.put("abc", at(0));
  line.end(End::fin, at(4));
  EXPECT_EQ(line.due(at(9)), "");
  EXPECT_EQ(line.next_due(), at(10));
  EXPECT_EQ(take_all(line, at(10)), "abc");
  EXPECT_EQ(line.ended(at(13)), End::none);
  EXPECT_EQ(line.next_due(), at(14));
  EXPECT_EQ(line.ended(at(14)), End::fin);
}

TEST(HopLine, LetsNoMoreInThanTheRateCarries) {
  HopLine line({{}, 1000});
  EXPECT_EQ(line.room(at(0)), 10U);
  line.put("0123456789", at(0));
  EXPECT_EQ(line.room(at(9)), 0U);
  EXPECT_EQ(line.open_at(), at(10));
  EXPECT_EQ(line.room(at(10)), 10U);
  EXPECT_EQ(line.due(at(9)), "");
  EXPECT_EQ(line.due(at(10)), "0123456789");
}

TEST(HopLine, SavesNothingUpWhileNothingComes) {
  HopLine line({{}, 1000});
  line.put("0123456789", at(0));
  EXPECT_EQ(line.room(at(5000)), 10U);
  line.put("0123456789", at(5000));
  EXPECT_EQ(line.open_at(), at(5010));
}

TEST(HopLine, AddsTheDelayToWhatTheRateTakes) {
  HopLine line({milliseconds(100), 1000});
  line.put("0123456789", at(0));
  EXPECT_EQ(line.next_due(), at(110));
}

TEST(HopLine, CarriesAnOctetAtATimeAtTheLowestRate) {
  HopLine line({{}, 1});
  EXPECT_EQ(line.room(at(0)), 1U);
  line.put("a", at(0));
  EXPECT_EQ(line.open_at(), at(1000));
}

TEST(HopLine, KeepsTheOrderWhenThePaceIsTakenAway) {
  HopLine line({milliseconds(100), 1000});
  line.put("0123456789", at(0));
  line.set_pace({}, at(1));
  EXPECT_EQ(line.room(at(1)), HopLine::kPieceBytesMax);
  line.put("abc", at(1));
  EXPECT_EQ(take_all(line, at(109)), "");
  EXPECT_EQ(take_all(line, at(110)), "0123456789abc");
  line.put("def", at(111));
  EXPECT_EQ(line.due(at(111)), "def");
}

TEST(HopLine, IsFullAtItsBoundUntilSomethingIsTaken) {
  HopLine line({milliseconds(1), {}});
  const std::string piece(HopLine::kPieceBytesMax, 'x');
  std::size_t put = 0;
  while (line.room(at(0)) > 0) {
    line.put(std::string_view(piece).substr(0, line.room(at(0))), at(0));
    put = put + piece.size();
  }
  EXPECT_EQ(put, HopLine::kBytesMax);
  EXPECT_LE(line.open_at(), at(0));
  line.take(1);
  EXPECT_EQ(line.room(at(0)), 1U);
}

TEST(HopLine, HoldsABoundedNumberOfSmallPieces) {
  HopLine line({milliseconds(100000), {}});
  std::size_t put = 0;
  for (int i = 0; line.room(at(i)) > 0; ++i) {
    line.put("x", at(i));
    ++put;
  }
  EXPECT_EQ(put, HopLine::kPiecesMax);
}

TEST(HopLine, AResetComesAfterTheOctetsBeforeItAndInPlaceOfAFin) {
  HopLine line({milliseconds(10), {}});
  line.put("abc", at(0));
  line.end(End::fin, at(0));
  line.end(End::reset, at(5));
  line.end(End::fin, at(6));
  EXPECT_EQ(line.ended(at(20)), End::none);
  EXPECT_EQ(take_all(line, at(20)), "abc");
  EXPECT_EQ(line.ended(at(20)), End::reset);
  EXPECT_EQ(line.room(at(20)), 0U);
}

TEST(HopLine, GivesOutPartOfAPiece) {
  HopLine line({});
  line.put("abcdef", at(0));
  line.take(2);
  EXPECT_EQ(line.due(at(0)), "cdef");
}

}  // namespace
}  // namespace sallyport::sim::topology
