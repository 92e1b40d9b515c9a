// Follows one trigger through the journal as it grows and looks at each event once, where
// Journal::happened() looks at all of them: for waits that are woken often. The journal must
// outlive it. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simulator/journal/journal.h"

namespace sallyport::sim::journal {

class Watch {
 public:
  Watch(const Journal& journal, Selector selector);

  // Whether the event that the trigger means has happened by now.
  [[nodiscard]] bool happened();
  [[nodiscard]] const Selector& selector() const { return selector_; }

 private:
  // False as long as the step of `since` isn't done.
  [[nodiscard]] bool since_done();
  [[nodiscard]] bool happened_before();

  const Journal& journal_;
  Selector selector_;
  const Event* since_ = nullptr;  // that step's `done`
  std::size_t since_seen_ = 0;    // events that were looked through for it
  std::size_t seen_ = 0;          // events that were looked through
  std::uint64_t found_ = 0;
  bool happened_ = false;
  bool before_ = false;  // as happened_, with `before`
};

}  // namespace sallyport::sim::journal
