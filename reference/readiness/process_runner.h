// Commands as processes of ours: empty input, output and errors through pipes, each in a process
// group of its own that is ended by force at its time. Owned by main (or a test), on its loop.
#pragma once

#include <sys/types.h>

#include <set>

#include "reference/net/deadlines.h"
#include "reference/readiness/runner.h"

namespace sallyport::readiness {

class ProcessRunner final : public Runner {
 public:
  // Of each of a command's two outputs; what comes after is read and dropped.
  static constexpr std::size_t kKeptMax = 256 * 1024;

  // Clock and deadlines must outlive it.
  ProcessRunner(net::Executor executor, net::Deadlines& deadlines);
  // Ends what runs.
  ~ProcessRunner() override;
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;

  // `timed_out` only if the command itself was still there: one that has ended and left its output
  // to somebody else is `exited`, at the limit at the latest. Of `not_run` `err` says why.
  [[nodiscard]] net::Task<CommandResult> run(Words words, ms limit) override;

  // SIGKILL to the group of every command that runs.
  void end_all();

 private:
  net::Executor executor_;
  net::Deadlines& deadlines_;
  std::set<pid_t> running_;
};

}  // namespace sallyport::readiness
