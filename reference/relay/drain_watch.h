// A session's view of a supervisor that is ending: closes the client's connection where it idles
// between requests, and says to the session that no further request may follow.
#pragma once

#include "reference/net/task_group.h"
#include "reference/relay/io.h"

namespace sallyport::relay {

class DrainWatch {
 public:
  // The inlet must outlive the watch.
  DrainWatch(net::TaskGroup& group, Inlet& client)
      : client_(client), on_drain_(group, [this] { begin(); }) {}

  [[nodiscard]] bool draining() const { return draining_; }
  // While set, the client's connection is closed when draining begins, or now if it has begun.
  void set_idle(bool idle) {
    idle_ = idle;
    if (idle && draining_) client_.stream().close();
  }

 private:
  void begin() {
    draining_ = true;
    // A request that has begun to arrive is served still.
    if (idle_ && client_.bytes().empty()) client_.stream().close();
  }

  Inlet& client_;
  bool draining_ = false;
  bool idle_ = false;
  net::TaskGroup::OnDrain on_drain_;
};

}  // namespace sallyport::relay
