// What signals do to a running supervisor: SIGHUP reads the files again, and with a gateway polls
// it at once, SIGTERM and SIGINT drain and then end the loop's work, a second one forces. Owned by
// main, on its loop.
#pragma once

#include <boost/asio/basic_signal_set.hpp>
#include <functional>
#include <optional>
#include <string>

#include "reference/inference/routes.h"
#include "reference/relay/services.h"
#include "reference/supervisor/generations.h"
#include "reference/supervisor/server.h"
#include "reference/sync/poller.h"

namespace sallyport::supervisor {

class Lifecycle {
 public:
  struct Parts {
    const relay::Services& services;
    Generations& generations;
    Server& server;
    sync::Poller& poller;
    net::TaskGroup& polls;  // what polls and reloads runs in; forced when the sessions are over
    bool gateway = false;   // the generations are a gateway's
    std::string config_file;
    Programs programs;  // as of the start
    double slow = 1;
    inference::Environment environment;
    // Instead of load_config(config_file).
    std::function<std::optional<Config>(base::Diagnostics&)> load{};
    // As sync::PollerOptions::settle, of a policy that was read from its file again.
    std::function<std::string(policy::Policy&)> settle{};
    // SIGINT, SIGTERM: who takes one (true) has it instead of us.
    std::function<bool(int signal)> divert{};
  };
  // Signals are caught from here on.
  explicit Lifecycle(Parts parts);

  // Until the process is told to end and has drained. A root; after it the loop has no more work.
  [[nodiscard]] net::Task<void> run();
  // There is nobody left to serve: ends as by a signal, and what goes on is forced.
  void end();

 private:
  using Signals = boost::asio::basic_signal_set<net::Executor>;
  void reload();
  [[nodiscard]] bool settles(const Config& config, policy::Policy& policy);
  void reload_failed(const base::Diagnostics& complaints);
  void quarantine(const egress::Generation& current, const base::Diagnostics& complaints);
  void reload_beside_gateway(const egress::Generation& read);
  void begin_drain();
  [[nodiscard]] net::Task<void> drain();

  Parts parts_;
  Signals signals_;
  bool draining_ = false;
  bool drained_ = false;  // set before signals_ is cancelled: nobody may be waiting then
  net::TaskGroup drains_;
};

}  // namespace sallyport::supervisor
