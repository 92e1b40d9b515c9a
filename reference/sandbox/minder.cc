#include "reference/sandbox/minder.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>

#include "reference/sandbox/channel.h"
#include "reference/sandbox/command.h"
#include "reference/sandbox/exec_request.h"
#include "reference/sandbox/process_tree.h"

namespace sallyport::sandbox {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Who connects sends its request at once.
constexpr int kRequestMs = 5000;
constexpr int kEndingMs = 5000;
constexpr std::size_t kStreams = 3;

class Minder {
 public:
  Minder(const Plan& plan, const linux::FileRules* rules, std::uint64_t netns,
         base::UniqueFd connection)
      : plan_(plan), rules_(rules), netns_(netns), connection_(std::move(connection)) {}

  void run() {
    if (!take_request()) return;
    const Started started = start();
    if (started.pid < 0) return tell("not_run " + started.wrong);
    pid_ = started.pid;
    tell(fmt::format("started {}", netns_));
    const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (process) return watch(process.get());
    ::kill(-pid_, SIGKILL);
  }

 private:
  void tell(const std::string& text) const { (void)send_message(connection_.get(), text); }

  bool take_request() {
    if (!speaks_within(connection_.get(), kRequestMs)) return false;
    auto message = receive_message(connection_.get());
    if (!message || !*message) return false;
    auto request = read_exec_request((*message)->text);
    if (!request || (*message)->fds.size() != kStreams) {
      tell("not_run what was asked can't be understood");
      return false;
    }
    request_ = std::move(*request);
    streams_ = std::move((*message)->fds);
    return true;
  }

  Started start() {
    CommandSpec spec{plan_, rules_, request_.words};
    for (std::size_t i = 0; i < kStreams; ++i) spec.streams[i] = streams_[i].get();
    Started started = start_command(spec);
    // Who reads its output is to see its end.
    streams_.clear();
    return started;
  }

  [[nodiscard]] int left_ms(SteadyClock::time_point until) const {
    if (request_.timeout_ms == 0) return -1;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
  }

  void watch(int process) {
    const auto until = SteadyClock::now() + std::chrono::milliseconds(request_.timeout_ms);
    for (;;) {
      std::array<pollfd, 2> wanted{{{process, POLLIN, 0}, {connection_.get(), POLLIN, 0}}};
      const int count = ::poll(wanted.data(), wanted.size(), left_ms(until));
      if (count < 0 && errno == EINTR) continue;
      if (wanted[0].revents != 0) return tell_end();
      if (count == 0) {
        (void)end_processes_below(kEndingMs);
        return tell("timed_out");
      }
      if (wanted[1].revents != 0 && !hear()) {
        (void)end_processes_below(kEndingMs);
        return;
      }
    }
  }

  // False when who asked has gone.
  bool hear() const {
    const auto message = receive_message(connection_.get());
    if (!message || !*message) return false;
    const auto signal = read_signal((*message)->text);
    if (signal) ::kill(-pid_, *signal);
    return true;
  }

  void tell_end() const {
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_) tell(fmt::format("ended {}", exit_code(status)));
  }

  const Plan& plan_;
  const linux::FileRules* rules_;
  std::uint64_t netns_;
  base::UniqueFd connection_;
  ExecRequest request_;
  std::vector<base::UniqueFd> streams_;
  pid_t pid_ = -1;
};

}  // namespace

void mind_exec(const Plan& plan, const linux::FileRules* rules, std::uint64_t netns,
               base::UniqueFd connection) {
  // What its command leaves behind is ours, until we go: then it is the keeper's.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  Minder(plan, rules, netns, std::move(connection)).run();
  ::_exit(0);
}

}  // namespace sallyport::sandbox
