#include "reference/sync/reconciler.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <utility>

#include "reference/middleware/carry_over.h"
#include "reference/middleware/manifest.h"

namespace sallyport::sync {
namespace {

ServiceTimes slowed(ServiceTimes times) {
  times.pause = middleware::slowed(times.pause, times.slow);
  times.pause_max = middleware::slowed(times.pause_max, times.slow);
  times.patience = middleware::slowed(times.patience, times.slow);
  return times;
}

middleware::Refused silent(const std::string& name, bool kept) {
  middleware::Refused refused;
  refused.name = name;
  refused.reason = fmt::format("middleware registration '{}' hasn't described itself yet", name);
  refused.kept = kept;
  return refused;
}

}  // namespace

Reconciler::Reconciler(net::Executor executor, net::Deadlines& deadlines, base::Log& log,
                       RegistryBuilder build, ServiceTimes times)
    : executor_(executor),
      deadlines_(deadlines),
      log_(log),
      build_(std::move(build)),
      times_(slowed(times)),
      happened_(executor),
      patience_(deadlines, [this] { end_holding(); }) {}

void Reconciler::want(std::vector<middleware::Registration> wanted) {
  // Ends what is asked about the list before: each of its calls is cancelled.
  asking_ = std::make_unique<net::TaskGroup>(executor_, log_);
  wanted_ = std::move(wanted);
  ++version_;
  middleware::CarriedOver over = middleware::carry_over(wanted_, registry_.get(), times_.slow);
  registry_ = std::move(over.registry);
  refused_ = std::move(over.refused);
  for (const middleware::Registration& one : over.pending) {
    refused_.push_back(silent(one.name, registry_->find(one.name) != nullptr));
  }
  news_ = true;
  unanswered_ = over.pending.size();
  holding_ = unanswered_ > 0;
  patience_.set(holding_ ? deadlines_.now() + times_.patience : base::TimePoint::max());
  for (middleware::Registration& one : over.pending) asking_->spawn(ask(std::move(one), version_));
  happened_.notify();
}

void Reconciler::end_holding() {
  holding_ = false;
  happened_.notify();
}

void Reconciler::expect(std::vector<middleware::Registration> wanted) { want(std::move(wanted)); }

net::Task<bool> Reconciler::take(std::vector<middleware::Registration> wanted) {
  want(std::move(wanted));
  const std::uint64_t version = version_;
  ++takers_;
  bool waiting = true;
  while (waiting && holding_ && version == version_) waiting = co_await happened_.wait();
  --takers_;
  // What came of a newer list is for others to hear of.
  happened_.notify();
  if (!waiting || version != version_) co_return false;
  news_ = false;
  co_return true;
}

bool Reconciler::adopt(const std::string& name, middleware::Built built, middleware::Again& again) {
  const auto same_name = [&](const auto& one) { return one.name == name; };
  const auto before = std::find_if(refused_.begin(), refused_.end(), same_name);
  const auto refusal = std::find_if(built.refused.begin(), built.refused.end(), same_name);
  const middleware::Implementation* const found = built.registry->find(name);
  const bool here = refusal == built.refused.end() && found != nullptr;
  if (here) {
    auto all = registry_->all();
    all.insert_or_assign(name, *found);
    registry_ = std::make_shared<const middleware::Registry>(std::move(all));
    if (before != refused_.end()) refused_.erase(before);
    news_ = true;
  } else if (refusal != built.refused.end() && before != refused_.end()) {
    news_ = news_ || before->reason != refusal->reason;
    again = refusal->again;
    *before = std::move(*refusal);
  }
  return here;
}

net::Task<void> Reconciler::ask(middleware::Registration registration, std::uint64_t version) {
  net::Event wake(executor_);
  net::Deadline next(deadlines_, [&wake] { wake.notify(); });
  base::Duration pause = times_.pause;
  bool first = true;
  while (true) {
    const std::vector<middleware::Registration> one(1, registration);
    middleware::Built built = co_await build_(one, registry_);
    // Whoever cancels may be about to destroy the reconciler: not a look at it, then.
    const auto state = co_await net::asio::this_coro::cancellation_state;
    if (state.cancelled() != net::asio::cancellation_type::none) co_return;
    if (version != version_) co_return;
    middleware::Again again = middleware::Again::soon;
    const bool here = adopt(registration.name, std::move(built), again);
    if (std::exchange(first, false) && --unanswered_ == 0) holding_ = false;
    happened_.notify();
    if (here || again == middleware::Again::never) co_return;
    const bool outage = again == middleware::Again::soon;
    pause = outage ? times_.pause : std::min(2 * pause, times_.pause_max);
    next.set(deadlines_.now() + pause);
    while (!next.passed()) {
      const bool notified = co_await wake.wait();
      if (!notified) co_return;
    }
  }
}

net::Task<void> Reconciler::run(std::function<void()> changed) {
  while (true) {
    while (!may_tell()) {
      const bool notified = co_await happened_.wait();
      if (notified) continue;
      asking_.reset();
      co_return;
    }
    news_ = false;
    changed();
  }
}

}  // namespace sallyport::sync
