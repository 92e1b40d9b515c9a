// The spawned roots of one owner: counted, told to drain, waited for with a bound, then forced.
// Every coroutine that nobody awaits belongs to one. Single-threaded.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "reference/base/clock.h"
#include "reference/base/log.h"
#include "reference/net/executor.h"

namespace sallyport::net {

class TaskGroup {
 public:
  // The log must outlive the group.
  TaskGroup(Executor executor, base::Log& log);
  // Forces what is left; it ends in the loop's next turns.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts a root, perhaps inside this call. An exception out of it is a bug: it is
  // logged and counted, and ends nothing else. After force() a root is
  // dropped before it starts.
  void spawn(Task<void> root);

  // Ends the group in good order: calls what OnDrain registered, then waits until no root is left
  // (true) or until `at` (false). Roots may still be spawned, and are waited for too. Cancelled:
  // false.
  [[nodiscard]] Task<bool> drain(base::TimePoint at);
  // Cancels every root: its pending wait ends as cancelled, and each wait that it begins after
  // throws operation_aborted, which is not counted as a bug. Ends in the loop's next turns.
  void force();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool draining() const;
  [[nodiscard]] std::size_t bugs() const;

 private:
  struct State;

 public:
  // While it lives, `begin` is called when drain() begins; at once (in the constructor) if it has
  // begun. For a session: close the stream if it idles between requests. Must not destroy any
  // OnDrain.
  class OnDrain {
   public:
    OnDrain(TaskGroup& group, std::function<void()> begin);
    ~OnDrain();
    OnDrain(const OnDrain&) = delete;
    OnDrain& operator=(const OnDrain&) = delete;

   private:
    std::shared_ptr<State> state_;
    std::list<std::function<void()>>::iterator place_;
  };

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sallyport::net
