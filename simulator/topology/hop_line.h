// One way through a hop: octets and the end that follows them, in the order in which they came and
// none before its time. Bounded. Pure: the caller says what time it is, and does what is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/clock.h"

namespace sallyport::sim::topology {

class HopLine {
 public:
  struct Pace {
    base::Duration delay{0};
    std::optional<std::uint64_t> rate;  // octets a second
  };
  enum class End { none, fin, reset };

  // Octets and pieces that wait at most: with a delay, the most that is on its way at a time.
  static constexpr std::size_t kBytesMax = 256UL * 1024;
  static constexpr std::size_t kPiecesMax = 1024;
  static constexpr std::size_t kPieceBytesMax = 16UL * 1024;

  explicit HopLine(Pace pace) : pace_(pace) {}

  // Of what is put from now on; what waits keeps its time, and its place.
  void set_pace(Pace pace, base::TimePoint now);

  // Octets that may be put now. 0: not before open_at(), or not before something is taken.
  [[nodiscard]] std::size_t room(base::TimePoint now) const;
  // When the rate lets more in.
  [[nodiscard]] base::TimePoint open_at() const { return busy_until_; }
  // At most room().
  void put(std::string_view bytes, base::TimePoint now);
  // A reset after a FIN takes its place; else the first end stays. Nothing may be put afterwards.
  void end(End how, base::TimePoint now);
  [[nodiscard]] bool ends() const { return end_ != End::none; }

  // What may leave now: empty, or the first octets of it.
  [[nodiscard]] std::string_view due(base::TimePoint now) const;
  // At most as many as due() has.
  void take(std::size_t count);
  // The end, once all octets were taken and its own time has come.
  [[nodiscard]] End ended(base::TimePoint now) const;
  // When there is something to do next; TimePoint::max() when nothing waits.
  [[nodiscard]] base::TimePoint next_due() const;

 private:
  struct Piece {
    base::TimePoint due;
    std::string bytes;
    std::size_t taken = 0;
  };
  [[nodiscard]] base::TimePoint due_of(base::TimePoint now);

  Pace pace_;
  std::deque<Piece> pieces_;
  std::size_t waiting_ = 0;  // octets in pieces_
  base::TimePoint busy_until_{};
  base::TimePoint last_due_{};
  End end_ = End::none;
  base::TimePoint end_due_{};
};

}  // namespace sallyport::sim::topology
