#include "reference/sync/reconciler.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

namespace sallyport::sync {
namespace {

bool same_names(const std::vector<middleware::Refused>& a,
                const std::vector<middleware::Refused>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.name == y.name; });
}

}  // namespace

Reconciler::Reconciler(net::Executor executor, net::Deadlines& deadlines, RegistryBuilder build,
                       Pause pause)
    : deadlines_(deadlines),
      build_(std::move(build)),
      pause_(pause),
      next_pause_(pause.first),
      wanted_changed_(executor) {}

void Reconciler::want(std::vector<middleware::Registration> wanted) {
  wanted_ = std::move(wanted);
  ++version_;
  settled_ = false;
  next_pause_ = pause_.first;
  wanted_changed_.notify();
}

void Reconciler::expect(std::vector<middleware::Registration> wanted) {
  want(std::move(wanted));
  taking_ = false;
}

bool Reconciler::adopt(middleware::Built built) {
  const bool changed = !settled_ || !same_names(refused_, built.refused);
  settled_ = true;
  registry_ = std::move(built.registry);
  refused_ = std::move(built.refused);
  if (changed) next_pause_ = pause_.first;
  return changed;
}

net::Task<bool> Reconciler::take(std::vector<middleware::Registration> wanted) {
  want(std::move(wanted));
  taking_ = true;
  const std::uint64_t version = version_;
  middleware::Built built = co_await build_(wanted_, registry_);
  const auto state = co_await net::asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != net::asio::cancellation_type::none;
  if (cancelled || version != version_) co_return false;
  taking_ = false;
  adopt(std::move(built));
  wanted_changed_.notify();
  co_return true;
}

bool Reconciler::stands_for(const std::vector<middleware::Registration>& wanted) const {
  return settled_ && wanted_ == wanted;
}

// False when it is cancelled.
net::Task<bool> Reconciler::wait_for_turn() {
  net::Deadline pause(deadlines_, [this] { wanted_changed_.notify(); });
  while (taking_ || (settled_ && !pause.passed())) {
    // Without a bound while nothing is refused: another list ends it.
    if (!taking_ && !refused_.empty() && pause.at() == base::TimePoint::max()) {
      pause.set(deadlines_.now() + next_pause_);
      next_pause_ = std::min(2 * next_pause_, pause_.longest);
    }
    const bool notified = co_await wanted_changed_.wait();
    if (!notified) co_return false;
  }
  co_return true;
}

net::Task<void> Reconciler::run(std::function<void()> changed) {
  while (true) {
    const bool go_on = co_await wait_for_turn();
    if (!go_on) co_return;
    const std::uint64_t version = version_;
    middleware::Built built = co_await build_(wanted_, registry_);
    const auto state = co_await net::asio::this_coro::cancellation_state;
    if (state.cancelled() != net::asio::cancellation_type::none) co_return;
    if (version == version_ && adopt(std::move(built))) changed();
  }
}

}  // namespace sallyport::sync
