// Brings the registry of middleware services to what the operator wants: services that couldn't be
// taken are asked again, with a growing pause, for ever; the others serve meanwhile. Owned by the
// poller, on the loop.
//
// In the field one service that can't be reached keeps all of them out, and a policy that came with
// it (OpenShell crates/openshell-sandbox/src/lib.rs; docs/deviations.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "reference/base/clock.h"
#include "reference/middleware/registry.h"
#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "reference/net/executor.h"

namespace sallyport::sync {

// Connects and describes, each service within its own timeout; middleware::build_registry().
using RegistryBuilder = std::function<net::Task<middleware::Built>(
    std::vector<middleware::Registration> wanted,
    std::shared_ptr<const middleware::Registry> previous)>;

// Between two rounds with services that couldn't be taken; doubled from the first to the longest.
struct Pause {
  base::Duration first = std::chrono::milliseconds(100);
  base::Duration longest = std::chrono::seconds(1);
};

class Reconciler {
 public:
  // The deadlines must outlive it. Knows no service yet: the registry is null.
  Reconciler(net::Executor executor, net::Deadlines& deadlines, RegistryBuilder build, Pause pause);

  // The list from now on, which run() connects to.
  void expect(std::vector<middleware::Registration> wanted);
  // The list from now on, connected to before this returns; bounded by the services' timeouts.
  // False when yet another list came meanwhile: then nothing of this one is left.
  [[nodiscard]] net::Task<bool> take(std::vector<middleware::Registration> wanted);
  // Whether the registry stands for this list, as far as its services could be taken.
  [[nodiscard]] bool stands_for(const std::vector<middleware::Registration>& wanted) const;

  // Until it is cancelled. `changed` is called when another registry came of a round; not by
  // take(). A root; the reconciler must outlive it.
  [[nodiscard]] net::Task<void> run(std::function<void()> changed);

  // Null: the built-ins alone.
  [[nodiscard]] const std::shared_ptr<const middleware::Registry>& registry() const {
    return registry_;
  }
  [[nodiscard]] const std::vector<middleware::Refused>& refused() const { return refused_; }

 private:
  void want(std::vector<middleware::Registration> wanted);
  // True when services came or went.
  bool adopt(middleware::Built built);
  [[nodiscard]] net::Task<bool> wait_for_turn();

  net::Deadlines& deadlines_;
  RegistryBuilder build_;
  Pause pause_;
  base::Duration next_pause_;
  net::Event wanted_changed_;
  std::vector<middleware::Registration> wanted_;
  std::uint64_t version_ = 0;  // of wanted_
  bool settled_ = true;        // a round has been made for wanted_
  bool taking_ = false;        // by take(): not run()'s turn
  std::shared_ptr<const middleware::Registry> registry_;
  std::vector<middleware::Refused> refused_;
};

}  // namespace sallyport::sync
