// The deadlines of all connections of a loop, watched by one timer. A deadline is a time that is
// moved forward: that costs two stores, and the timer is touched only by a time earlier than the
// one it is armed for. Owned by main (or a world, or a test); single-threaded; never calls back
// before the handed-in clock says that the time has come.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "reference/base/clock.h"
#include "reference/net/executor.h"

namespace sallyport::net {

class Deadline;

class Deadlines {
 public:
  // The clock must outlive this object.
  Deadlines(Executor executor, const base::Clock& clock);
  // Deadlines that still exist stay usable objects, but none expires any more.
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  [[nodiscard]] base::TimePoint now() const { return clock_.now(); }

 private:
  friend class Deadline;
  class Queue;
  const base::Clock& clock_;
  std::shared_ptr<Queue> queue_;
};

// One time that is being watched. Nothing is called after its destruction.
class Deadline {
 public:
  // `expired` is called from the loop each time that the deadline passes; it may set any deadline
  // anew, but must not destroy this one (CHECK).
  Deadline(Deadlines& deadlines, std::function<void()> expired);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // TimePoint::max() for none. A time that has passed expires in the loop's next turn. Once
  // expired, nothing more is called until the next set().
  void set(base::TimePoint at);
  [[nodiscard]] base::TimePoint at() const { return at_; }
  // Whether the clock has reached it, be it before the callback or after.
  [[nodiscard]] bool passed() const;

 private:
  friend class Deadlines;
  using Slots = std::multimap<base::TimePoint, Deadline*>;
  std::shared_ptr<Deadlines::Queue> queue_;
  std::function<void()> expired_;
  base::TimePoint at_ = base::TimePoint::max();
  base::TimePoint watched_ = base::TimePoint::max();  // key of the slot: at_ or earlier
  Slots::iterator slot_;                              // valid while watched_ isn't max
  bool calling_ = false;
};

}  // namespace sallyport::net
