// A loop for one thread that has something to await and no loop: a handler of the server that asks
// a service, or the command line. Used by the thread that made it, and by no other.
#pragma once

#include "reference/net/loop_clock.h"

namespace sallyport::gateway {

class OwnLoop {
 public:
  [[nodiscard]] net::Executor executor() { return loop_.executor(); }
  [[nodiscard]] const net::Clock& clock() const { return clock_; }
  // Returns when `task` has ended; what else it left on the loop ends with the loop.
  void run(net::Task<void> task);

 private:
  net::Loop loop_;
  net::LoopClock clock_{loop_.executor()};
};

}  // namespace sallyport::gateway
