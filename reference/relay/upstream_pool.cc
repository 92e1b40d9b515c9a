#include "reference/relay/upstream_pool.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::relay {

UpstreamPool::UpstreamPool(net::Executor executor, net::Deadlines& deadlines, base::Log& log,
                           const GenerationSource& generations, PoolBounds bounds)
    : deadlines_(deadlines),
      generations_(generations),
      bounds_(bounds),
      next_end_(deadlines, [this] { close_aged(); }),
      watch_(generations.news(), [this] { follow_routes(); }),
      watches_(executor, log) {
  follow_routes();
}

UpstreamPool::~UpstreamPool() {
  while (!idle_.empty()) close_first();
}

UpstreamPool::StreamPtr UpstreamPool::take(const UpstreamKey& key,
                                           const inference::Routes* routes) {
  if (routes == nullptr || routes != routes_.get()) return nullptr;
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                  [&](const IdlePtr& one) { return one->key == key; });
  if (found == idle_.rend()) return nullptr;
  StreamPtr stream = std::move((*found)->stream);
  idle_.erase(std::next(found).base());
  return stream;
}

void UpstreamPool::give(UpstreamKey key, const inference::Routes* routes, StreamPtr stream) {
  if (routes == nullptr || routes != routes_.get() || bounds_.connections_max == 0) return;
  stream->set_deadline(base::TimePoint::max());
  if (idle_.size() >= bounds_.connections_max) close_first();
  const base::TimePoint until = deadlines_.now() + bounds_.idle;
  idle_.push_back(std::make_shared<Idle>(Idle{std::move(key), std::move(stream), until}));
  if (idle_.size() == 1) next_end_.set(until);
  watches_.spawn(watch(this, idle_.back()));
}

// The pool outlives every stream that is in it, so it is there as long as `one` has its stream. Who
// takes the stream may wait for it too: both are woken, and this one leaves.
net::Task<void> UpstreamPool::watch(UpstreamPool* pool, IdlePtr one) {
  std::array<std::byte, 1> octet{};
  while (one->stream) {  // it may have been taken before this began
    const net::Ready ready = co_await one->stream->readable();
    if (!one->stream) co_return;
    if (ready != net::Ready::ready) break;
    // What TLS has to say to itself isn't the peer's word.
    const auto got = one->stream->try_read(octet);
    if (got.has_value() || got.error() != net::StreamErrc::would_block) break;
  }
  if (one->stream) pool->close(one);
}

void UpstreamPool::close(const IdlePtr& one) {
  one->stream.reset();
  idle_.remove(one);
}

void UpstreamPool::close_first() {
  idle_.front()->stream.reset();
  idle_.pop_front();
}

void UpstreamPool::close_aged() {
  while (!idle_.empty() && idle_.front()->until <= deadlines_.now()) close_first();
  next_end_.set(idle_.empty() ? base::TimePoint::max() : idle_.front()->until);
}

void UpstreamPool::follow_routes() {
  const std::shared_ptr<const egress::Generation> now = generations_.current();
  const std::shared_ptr<const inference::Routes> routes = now ? now->routes : nullptr;
  if (routes == routes_) return;
  while (!idle_.empty()) close_first();
  routes_ = routes;
}

}  // namespace sallyport::relay
