#include "reference/net/deadlines.h"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>

#include "reference/base/check.h"
#include "reference/base/result.h"

namespace sallyport::net {
namespace {

using base::TimePoint;

// The timer wakes at least this often while there is any deadline: a span that always fits.
constexpr base::Duration kNapMax = std::chrono::hours{1};

}  // namespace

// Outlives the Deadlines if a Deadline does: destruction at a loop's end has no order.
class Deadlines::Queue : public std::enable_shared_from_this<Deadlines::Queue> {
 public:
  Queue(Executor executor, const base::Clock& clock) : timer_(executor), clock_(&clock) {}

  [[nodiscard]] TimePoint now() const {
    return clock_ == nullptr ? TimePoint::min() : clock_->now();
  }

  void set(Deadline& deadline, TimePoint at) {
    deadline.at_ = at;
    if (at >= deadline.watched_ || clock_ == nullptr) return;  // seen when its slot comes up
    // Set by a callback, a time that has passed waits for the next turn, so that turns end.
    const TimePoint key = std::max(at, turn_);
    if (key >= deadline.watched_) return;
    put(deadline, key);
    arm(key);
  }

  void remove(Deadline& deadline) {
    CHECK(!deadline.calling_);
    if (deadline.watched_ == TimePoint::max()) return;
    slots_.erase(deadline.slot_);
    deadline.watched_ = TimePoint::max();
    if (slots_.empty()) disarm();  // or the timer would keep the loop from ending
  }

  void orphan() {
    for (auto& [at, deadline] : slots_) deadline->watched_ = TimePoint::max();
    slots_.clear();
    disarm();
    clock_ = nullptr;
  }

 private:
  void put(Deadline& deadline, TimePoint key) {
    if (deadline.watched_ == TimePoint::max()) {
      deadline.slot_ = slots_.emplace(key, &deadline);
    } else {
      auto node = slots_.extract(deadline.slot_);
      node.key() = key;
      deadline.slot_ = slots_.insert(std::move(node));
    }
    deadline.watched_ = key;
  }

  void disarm() {
    if (armed_ == TimePoint::max()) return;
    armed_ = TimePoint::max();
    timer_.cancel();
  }

  void arm(TimePoint at) {
    if (at >= armed_) return;
    armed_ = at;
    const TimePoint now = clock_->now();
    timer_.expires_after(at <= now ? base::Duration::zero()
                                   : std::min<base::Duration>(at - now, kNapMax));
    timer_.async_wait([queue = weak_from_this()](const base::Error& error) {
      const auto self = queue.lock();
      if (self && !error) self->turn();
    });
  }

  void turn() {
    if (clock_ == nullptr) return;
    armed_ = TimePoint::max();
    const TimePoint now = clock_->now();
    turn_ = now + base::Duration{1};
    while (clock_ != nullptr && !slots_.empty() && slots_.begin()->first <= now) {
      expire(*slots_.begin()->second, now);
    }
    turn_ = TimePoint::min();
    if (!slots_.empty()) arm(slots_.begin()->first);
  }

  void expire(Deadline& deadline, TimePoint now) {
    if (deadline.at_ > now && deadline.at_ != TimePoint::max()) {
      auto node = slots_.extract(deadline.slot_);
      node.key() = deadline.at_;
      deadline.slot_ = slots_.insert(std::move(node));
      deadline.watched_ = deadline.at_;
      return;
    }
    slots_.erase(deadline.slot_);
    deadline.watched_ = TimePoint::max();
    if (deadline.at_ == TimePoint::max()) return;
    deadline.calling_ = true;
    deadline.expired_();
    deadline.calling_ = false;
  }

  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
  const base::Clock* clock_;  // null once orphaned
  std::multimap<TimePoint, Deadline*> slots_;
  TimePoint armed_ = TimePoint::max();
  TimePoint turn_ = TimePoint::min();  // while callbacks run: what counts as the next turn
};

Deadlines::Deadlines(Executor executor, const base::Clock& clock)
    : clock_(clock), queue_(std::make_shared<Queue>(executor, clock)) {}

Deadlines::~Deadlines() { queue_->orphan(); }

Deadline::Deadline(Deadlines& deadlines, std::function<void()> expired)
    : queue_(deadlines.queue_), expired_(std::move(expired)) {}

Deadline::~Deadline() { queue_->remove(*this); }

void Deadline::set(TimePoint at) { queue_->set(*this, at); }

bool Deadline::passed() const { return at_ != TimePoint::max() && at_ <= queue_->now(); }

}  // namespace sallyport::net
