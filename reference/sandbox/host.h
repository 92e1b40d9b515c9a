// A running sandbox as its supervisor's loop sees it: tells attempts to get past the proxy, lets
// those in who may have commands run, passes signals on, and hears of the agent's end. Owned by
// main, on its loop; nothing here waits for the sandbox.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <functional>
#include <string>
#include <vector>

#include "reference/audit/sink.h"
#include "reference/base/log.h"
#include "reference/net/executor.h"
#include "reference/net/task_group.h"
#include "reference/sandbox/launch.h"
#include "reference/sandbox/state_folder.h"

namespace sallyport::sandbox {

class Host {
 public:
  struct Parts {
    net::Executor executor;
    audit::AuditSink& audit;
    base::Log& log;
    Sandbox& sandbox;
    Door& door;
  };
  explicit Host(Parts parts);

  // The agent begins. `ended` is called once: with its exit code, or with 125 and why nothing ran.
  void start(std::function<void(int code, const std::string& wrong)> ended);
  // To the agent's process group.
  void signal(int number);
  // What commands find in their environment from now on; the agent and what runs keep theirs.
  void give_environment(const std::vector<std::string>& lines);
  // Nothing is told or taken any more.
  void stop();

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;
  [[nodiscard]] net::Task<void> watch_keeper();
  [[nodiscard]] net::Task<void> watch_attempts();
  [[nodiscard]] net::Task<void> watch_door();
  // False when there is no more to hear.
  bool hear_keeper();
  void tell_attempts();
  void let_in();
  void end(int code, const std::string& wrong);

  Parts parts_;
  Descriptor keeper_, attempts_, door_;
  std::function<void(int, const std::string&)> ended_;
  net::TaskGroup tasks_;
};

}  // namespace sallyport::sandbox
