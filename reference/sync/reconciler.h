// Brings the registry of middleware services to what the operator wants. Each service is asked for
// itself: who answers is in, who doesn't is asked again, for ever, and holds up nobody else. What
// was known under a name serves on until what is registered now has answered; what isn't registered
// any more is gone at once. Owned by the poller, on the loop.
//
// In the field one service that can't be reached keeps all of them out, and a policy that came with
// it (OpenShell crates/openshell-sandbox/src/lib.rs; docs/deviations.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/log.h"
#include "reference/middleware/registry.h"
#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "reference/net/executor.h"
#include "reference/net/task_group.h"

namespace sallyport::sync {

// Connects and describes, each service within its own timeout; middleware::build_registry().
using RegistryBuilder = std::function<net::Task<middleware::Built>(
    std::vector<middleware::Registration> wanted,
    std::shared_ptr<const middleware::Registry> previous)>;

// All are multiplied by `slow`, as are the timeouts of registrations.
struct ServiceTimes {
  // Between two questions to a service that can't be reached: one that comes is soon noticed.
  base::Duration pause = std::chrono::milliseconds(100);
  // What that grows to, doubled each time, where the answer isn't sound: only people mend that.
  base::Duration pause_max = std::chrono::seconds(1);
  // How long another list is held back for those who haven't answered yet.
  base::Duration patience = std::chrono::seconds(1);
  double slow = 1;
};

class Reconciler {
 public:
  // The deadlines and the log must outlive it. Knows no service yet: the registry is null.
  Reconciler(net::Executor executor, net::Deadlines& deadlines, base::Log& log,
             RegistryBuilder build, ServiceTimes times);

  // The list from now on. What comes of it is run()'s to tell: first when all have answered, or at
  // the end of the patience.
  void expect(std::vector<middleware::Registration> wanted);
  // The list from now on; ends when all have answered, at the end of the patience, or at once when
  // nobody needs to be asked. False when yet another list came meanwhile.
  [[nodiscard]] net::Task<bool> take(std::vector<middleware::Registration> wanted);
  // Whether this list is what it was given last, so that registry() is what there is of it so far.
  [[nodiscard]] bool stands_for(const std::vector<middleware::Registration>& wanted) const {
    return wanted_ == wanted;
  }

  // Until it is cancelled, and with it whatever is being asked. `changed` is called when registry()
  // or refused() did; not for what take() waits for. A root; the reconciler must outlive it.
  [[nodiscard]] net::Task<void> run(std::function<void()> changed);

  // Null: the built-ins alone.
  [[nodiscard]] const std::shared_ptr<const middleware::Registry>& registry() const {
    return registry_;
  }
  // In no order; who hasn't answered yet is among them.
  [[nodiscard]] const std::vector<middleware::Refused>& refused() const { return refused_; }

 private:
  void want(std::vector<middleware::Registration> wanted);
  void end_holding();
  [[nodiscard]] bool may_tell() const { return news_ && !holding_ && takers_ == 0; }
  // Asks until there is an answer that counts. A root.
  [[nodiscard]] net::Task<void> ask(middleware::Registration registration, std::uint64_t version);
  // Whether the service is there now; else `again` says when to ask.
  bool adopt(const std::string& name, middleware::Built built, middleware::Again& again);

  net::Executor executor_;
  net::Deadlines& deadlines_;
  base::Log& log_;
  RegistryBuilder build_;
  ServiceTimes times_;
  net::Event happened_;
  net::Deadline patience_;
  std::unique_ptr<net::TaskGroup> asking_;  // about wanted_
  std::vector<middleware::Registration> wanted_;
  std::uint64_t version_ = 0;   // of wanted_
  std::size_t unanswered_ = 0;  // of wanted_, who haven't answered once
  bool holding_ = false;        // for them
  int takers_ = 0;              // who wait in take()
  bool news_ = false;           // that nobody was told
  std::shared_ptr<const middleware::Registry> registry_;
  std::vector<middleware::Refused> refused_;
};

}  // namespace sallyport::sync
