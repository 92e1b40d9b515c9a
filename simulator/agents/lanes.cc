#include "simulator/agents/lanes.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

#include "reference/net/clock.h"
#include "reference/net/event.h"
#include "reference/net/task_group.h"
#include "simulator/journal/waiter.h"

namespace sallyport::sim::agents {
namespace {

// What the lanes of one repetition share.
struct Course {
  Course(Repetition given, OneTime what, journal::Journal& events, net::Clock& time,
         net::Executor executor)
      : how(std::move(given)),
        once(std::move(what)),
        journal(events),
        clock(time),
        lane_ended(std::move(executor)) {
    if (how.until) until.emplace(journal, *how.until);
  }

  const Repetition how;
  const OneTime once;
  journal::Journal& journal;
  net::Clock& clock;
  std::optional<journal::Watch> until;
  std::uint64_t begun = 0;
  base::TimePoint next{};  // when the next one is to begin
  std::uint64_t running = 0;
  net::Event lane_ended;
};

// Takes the next time to begin out of the pace.
base::TimePoint take_begin(Course& course, bool first) {
  const base::TimePoint now = course.clock.now();
  const base::Duration interval = course.how.interval.value_or(base::Duration{0});
  const bool behind = first || course.next + interval < now;
  const base::TimePoint begin = behind ? now : course.next;
  course.next = begin + interval;
  return begin;
}

// Whether there is one more to do, once its time has come.
net::Task<bool> turn(Course& course) {
  const bool first = course.begun == 0;
  if (course.begun >= course.how.times) co_return false;
  if (!first && course.until && course.until->happened()) co_return false;
  ++course.begun;
  if (!course.how.interval) co_return true;
  const base::TimePoint begin = take_begin(course, first);
  if (begin <= course.clock.now()) co_return true;
  if (!course.until) {
    co_await course.clock.sleep_until(begin);
    co_return true;
  }
  const bool ended = co_await journal::wait_for(course.journal, *course.until, begin, course.clock);
  co_return !ended;
}

net::Task<void> lane(std::shared_ptr<Course> course, std::uint64_t number) {
  while (true) {
    const bool more = co_await turn(*course);
    if (!more) break;
    net::Task<void> one = course->once(number);
    co_await std::move(one);
  }
  --course->running;
  course->lane_ended.notify();
}

}  // namespace

net::Task<void> repeat(Repetition how, OneTime once, journal::Journal& journal, net::Clock& clock,
                       net::TaskGroup& group) {
  const net::Executor executor = co_await net::asio::this_coro::executor;
  const auto course =
      std::make_shared<Course>(std::move(how), std::move(once), journal, clock, executor);
  const std::uint64_t lanes = std::min(course->how.lanes, course->how.times);
  course->running = lanes;
  if (lanes == 1) {
    co_await lane(course, 0);
    co_return;
  }
  for (std::uint64_t number = 0; number < lanes; ++number) group.spawn(lane(course, number));
  // Cancelled, this doesn't end as if all were done: the next wait throws, as everywhere else.
  while (course->running > 0) static_cast<void>(co_await course->lane_ended.wait());
}

}  // namespace sallyport::sim::agents
