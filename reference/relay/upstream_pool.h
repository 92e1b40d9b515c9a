// Connections to routes' upstreams that nobody uses now, for the next request to the same endpoint.
// One a supervisor, owned by main; on the loop's thread. A connection is lent to one request at a
// time, and comes back only at the end of a whole answer. One whose peer ends it, or says anything,
// is closed at once. None outlives the routes under which it was opened: what a new generation of
// routes brings, a key too, begins on connections of its own.
#pragma once

#include <compare>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "reference/base/log.h"
#include "reference/net/address.h"
#include "reference/net/byte_stream.h"
#include "reference/net/deadlines.h"
#include "reference/net/task_group.h"
#include "reference/relay/services.h"

namespace sallyport::inference {
class Routes;
}

namespace sallyport::relay {

// Times are multiplied by the slow factor by who makes the pool.
struct PoolBounds {
  std::size_t connections_max = 64;                // over it: the one that waited longest is closed
  base::Duration idle = std::chrono::seconds(30);  // then it is closed: upstreams do so about then
};

// Whereto, and how. Nothing of a key: that travels with each request.
struct UpstreamKey {
  bool tls = false;
  std::string host;         // as the route says it
  net::Endpoint connected;  // what it led to
  friend bool operator==(const UpstreamKey&, const UpstreamKey&) = default;
};

class UpstreamPool {
 public:
  using StreamPtr = std::unique_ptr<net::ByteStream>;

  // What is referred to must outlive this object.
  UpstreamPool(net::Executor executor, net::Deadlines& deadlines, base::Log& log,
               const GenerationSource& generations, PoolBounds bounds = {});
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // The connection that came last; null when there is none of this key under these routes.
  // Its peer may end it at any moment: that is for the taker to see.
  [[nodiscard]] StreamPtr take(const UpstreamKey& key, const inference::Routes* routes);
  // A connection at the end of a whole answer, opened under `routes`. Closed at once where other
  // routes decide now.
  void give(UpstreamKey key, const inference::Routes* routes, StreamPtr stream);

  [[nodiscard]] std::size_t size() const { return idle_.size(); }

 private:
  struct Idle {
    UpstreamKey key;
    StreamPtr stream;  // null once it isn't here any more
    base::TimePoint until;
  };
  using IdlePtr = std::shared_ptr<Idle>;

  static net::Task<void> watch(UpstreamPool* pool, IdlePtr one);
  void close(const IdlePtr& one);
  void close_first();
  void close_aged();
  void follow_routes();

  net::Deadlines& deadlines_;
  const GenerationSource& generations_;
  PoolBounds bounds_;
  std::shared_ptr<const inference::Routes> routes_;  // of all that is here
  std::list<IdlePtr> idle_;                          // the oldest first
  net::Deadline next_end_;
  GenerationNews::Watch watch_;
  net::TaskGroup watches_;
};

}  // namespace sallyport::relay
