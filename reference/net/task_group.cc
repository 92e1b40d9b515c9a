#include "reference/net/task_group.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <string>

#include "reference/base/result.h"
#include "reference/net/event.h"

namespace sallyport::net {
namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// What a stray exception says; empty for the one that cancelling throws.
std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) return {};
    return error.what();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that isn't an exception";
  }
}

}  // namespace

// Outlives the group while its roots do.
struct TaskGroup::State : std::enable_shared_from_this<TaskGroup::State> {
  State(Executor loop, base::Log& to) : executor(loop), log(&to), changed(loop) {}

  using Roots = std::list<asio::cancellation_signal>;

  void ended(Roots::iterator root, const std::exception_ptr& failure) {
    roots.erase(root);
    if (failure) {
      const std::string what = describe(failure);
      if (!what.empty() || !forced) {
        ++bugs;
        const std::string line =
            "a task ended by an exception: " + (what.empty() ? "cancelled by nobody" : what);
        if (log != nullptr) log->write(base::LogLevel::error, "tasks", line);
      }
    }
    if (roots.empty()) changed.notify();
  }

  // Asio carries a cancellation to its root at once inside the loop, but a turn later from outside
  // it, by a pointer that the root's end would leave dangling: so it is given inside the loop only.
  void force() {
    forced = true;
    if (executor.running_in_this_thread()) {
      cancel_all();
    } else {
      asio::post(executor, [self = shared_from_this()] { self->cancel_all(); });
    }
  }

  void cancel_all() {
    // A root may end at once inside emit(), and take its place in the list along.
    for (auto root = roots.begin(); root != roots.end();) {
      const auto current = root++;
      current->emit(asio::cancellation_type::terminal);
    }
  }

  Executor executor;
  base::Log* log;  // null once the group is gone
  Event changed;
  Roots roots;
  std::list<std::function<void()>> on_drain;
  bool draining = false;
  bool forced = false;
  std::size_t bugs = 0;
};

TaskGroup::TaskGroup(Executor executor, base::Log& log)
    : state_(std::make_shared<State>(executor, log)) {}

TaskGroup::~TaskGroup() {
  state_->force();
  state_->log = nullptr;
}

void TaskGroup::spawn(Task<void> root) {
  if (state_->forced) return;
  const auto place = state_->roots.emplace(state_->roots.end());
  asio::co_spawn(state_->executor, std::move(root),
                 asio::bind_cancellation_slot(place->slot(),
                                              [state = state_, place](std::exception_ptr failure) {
                                                state->ended(place, failure);
                                              }));
}

Task<bool> TaskGroup::drain(base::TimePoint at) {
  const std::shared_ptr<State> state = state_;
  state->draining = true;
  for (auto hook = state->on_drain.begin(); hook != state->on_drain.end();) {
    const auto current = hook++;
    (*current)();
  }
  Timer timer(state->executor);
  const auto late = std::make_shared<bool>(false);
  timer.expires_at(at);
  timer.async_wait([state, late](const base::Error& error) {
    if (error) return;
    *late = true;
    state->changed.notify();
  });
  while (!state->roots.empty() && !*late) {
    const bool woken = co_await state->changed.wait();
    if (!woken) co_return false;
  }
  co_return state->roots.empty();
}

void TaskGroup::force() { state_->force(); }
std::size_t TaskGroup::size() const { return state_->roots.size(); }
bool TaskGroup::draining() const { return state_->draining; }
std::size_t TaskGroup::bugs() const { return state_->bugs; }

TaskGroup::OnDrain::OnDrain(TaskGroup& group, std::function<void()> begin)
    : state_(group.state_), place_(state_->on_drain.end()) {
  place_ = state_->on_drain.insert(state_->on_drain.end(), std::move(begin));
  if (state_->draining) (*place_)();
}

TaskGroup::OnDrain::~OnDrain() { state_->on_drain.erase(place_); }

}  // namespace sallyport::net
