// A fake middleware service as the world has it: `sallyport-middleware`, a process of its own in
// its host, since gRPC brings threads and steps stop, freeze and restart it. Lives on the world's
// loop; journals `ready`, `connection`, `describe`, `validate`, `evaluate` and `exit` of its own
// name, stamped in the service. A `command` in its spec puts another program in its place: that one
// is ready once it answers Describe, and of it only `ready` and `exit` are journalled. No header of
// gRPC's is needed here.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"
#include "simulator/middleware/spec.h"
#include "simulator/world/process.h"

namespace sallyport::net {
class Clock;
class Deadlines;
}  // namespace sallyport::net
namespace sallyport::sim::journal {
class Journal;
}

namespace sallyport::sim::middleware {

// What the world hands to a service. All that is referred to outlives the service.
struct Surroundings {
  net::Executor executor;
  net::Clock& clock;
  net::Deadlines& deadlines;
  journal::Journal& journal;
  world::HostView host;  // where it runs
  std::string binary;    // sallyport-middleware, absolute
  std::string folder;    // its own, in the run's folder; made here
  double slow = 1.0;     // multiplies the script's delays
  // The step that a request belongs to, by a nonce in these octets (headers, then the body), else
  // by the caller's own fallback; empty when it can't be told. May be null.
  std::function<std::string(std::string_view bytes)> step_of;
  // The host at the other end of a connection; empty when unknown. May be null.
  std::function<std::string(const net::Endpoint&)> host_of;
  // The nonce of the exchange in the octets of step_of; empty when there is none. May be null.
  std::function<std::string(std::string_view bytes)> nonce_of = nullptr;
  std::string scenario_folder = {};  // where another program is started; empty: its own folder
};

// How a start ended, if not well.
struct StartFailure {
  std::string what;
};

// Faults that the service makes itself; those made of packets are topology::Faults', and `frozen`
// is SIGSTOP.
enum class ServiceFault { slow, unavailable, internal, malformed };

class Service {
 public:
  // Texts in `spec` have no variables any more.
  Service(ServiceSpec spec, Surroundings surroundings);
  ~Service();  // kills what still runs
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Starts it and waits until it serves, or until `deadline`. Again after its end: on the same
  // port, with the faults that are in force.
  [[nodiscard]] net::Task<std::optional<StartFailure>> start(base::TimePoint deadline);
  // Sends `signal`, wakes it if it was frozen, and waits for its end; false when it hadn't ended by
  // `deadline` (it is killed then). True at once when it doesn't run.
  [[nodiscard]] net::Task<bool> stop(base::TimePoint deadline, int signal = 15);
  // SIGSTOP, SIGCONT ...; nothing when it doesn't run. For an end that is meant: stop().
  void signal(int number);

  using OnHit = std::function<void(base::TimePoint at)>;
  // In force when true; false when the service didn't say so by `deadline` (frozen, say). Where it
  // doesn't run: true, and in force from its next start. `name` (of the step) must be free (CHECK).
  // `delay` is of slow. `on_hit` is called once a call that it touched; may be null.
  [[nodiscard]] net::Task<bool> begin_fault(std::string name, ServiceFault kind,
                                            base::Duration delay, OnHit on_hit,
                                            base::TimePoint deadline);
  // As begin_fault; true when there is no such fault.
  [[nodiscard]] net::Task<bool> lift_fault(std::string name, base::TimePoint deadline);

  // Another script, description and verdict on configurations from now on; where it listens and how
  // it is registered stay. False when it didn't say so by `deadline`; where it doesn't run: true,
  // and in force from its next start.
  [[nodiscard]] net::Task<bool> apply(ServiceSpec spec, base::TimePoint deadline);

  // Journals at once every event that it has written so far: what it wrote before it answered is
  // there when the answer is.
  void drain_events();

  [[nodiscard]] const ServiceSpec& spec() const;
  // Where it serves; port 0 until the first start, the same ever after.
  [[nodiscard]] const net::Endpoint& endpoint() const;
  [[nodiscard]] bool running() const;
  // Whether it runs and has said that it is ready.
  [[nodiscard]] bool ready() const;
  // How the first of its runs ended that ended as no stop() asked for (world::is_asked_end).
  [[nodiscard]] const std::optional<world::Exit>& crash() const;
  // Of its last run.
  [[nodiscard]] const std::optional<world::Exit>& exit() const;
  [[nodiscard]] pid_t pid() const;  // -1 when it doesn't run
  // Everything that its runs wrote to stdout and stderr.
  [[nodiscard]] std::string output() const;
  // Files that it was given, for artefacts.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::middleware
