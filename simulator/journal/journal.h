// The one ordered record of what happened in a world. Lives on the world's loop, single-threaded;
// events are only ever added. Nothing is asserted from anywhere else.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "simulator/journal/event.h"
#include "simulator/journal/query.h"

namespace sallyport::sim::journal {

class Journal {
 public:
  explicit Journal(const base::Clock& clock) : clock_(clock) {}

  // Adds `event`: stamps it now unless it has a time, numbers it, sets `index`, tells subscribers.
  // References stay valid for the journal's life.
  const Event& append(Event event);

  [[nodiscard]] const std::deque<Event>& events() const { return events_; }

  // All that a selector picks so far, merged by stamp, then by arrival. since/before/nth honoured:
  // with nth, at most one.
  [[nodiscard]] std::vector<const Event*> select(const Selector& selector,
                                                 bool lenient_step = false) const;
  // Whether the event that a trigger means has happened.
  [[nodiscard]] bool happened(const Selector& selector) const;

  // Called after each append, in order of subscription; may append, subscribe and unsubscribe.
  using Subscriber = std::function<void(const Event&)>;
  std::uint64_t subscribe(Subscriber subscriber);
  void unsubscribe(std::uint64_t id);

  // Events of the last `most` that concern one of `sources`, oldest first; for failure reports.
  [[nodiscard]] std::vector<const Event*> last_of(const std::vector<std::string>& sources,
                                                  std::size_t most) const;

 private:
  const base::Clock& clock_;
  std::deque<Event> events_;
  std::map<std::uint64_t, Subscriber> subscribers_;
  std::uint64_t next_subscriber_ = 1;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace sallyport::sim::journal
