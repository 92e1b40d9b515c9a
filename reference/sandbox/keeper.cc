#include "reference/sandbox/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "reference/sandbox/channel.h"
#include "reference/sandbox/exec_request.h"
#include "reference/sandbox/handed_environment.h"
#include "reference/sandbox/minder.h"
#include "reference/sandbox/room.h"

namespace sallyport::sandbox {
namespace {

constexpr std::size_t kExecsMax = 64;
// Above those that the agent has from its user.
constexpr int kSupervisorFd = 3;

class Keeper {
 public:
  Keeper(const Plan& plan, const std::vector<std::string>& words, Terminal terminal, int supervisor)
      : plan_(plan), words_(words), terminal_(terminal), supervisor_(supervisor) {}

  void run() {
    if (!hear("mapped")) return;
    if (const std::string wrong = set_up_room(plan_, room_); !wrong.empty())
      return tell("failed " + wrong);
    // Not before its ids are mapped: their files would be root's.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    hand_out();
    if (!hear("start") || !start_agent()) return;
    while (!over_) serve();
  }

 private:
  void tell(const std::string& text, std::span<const int> fds = {}) const {
    (void)send_message(supervisor_, text, fds);
  }
  [[nodiscard]] bool hear(std::string_view word) const {
    const auto message = receive_message(supervisor_);
    return message && *message && (*message)->text == word;
  }

  void hand_out() {
    const std::array fds{room_.listening.get(), room_.attempts.get(), room_.socket_diag.get(),
                         room_.netns.get()};
    tell("ready " + write_report(room_.report), fds);
    room_.listening.reset();
    room_.attempts.reset();
    room_.socket_diag.reset();
    room_.netns.reset();
  }

  bool start_agent() {
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    ends_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    CommandSpec spec{plan_, rules(), words_};
    spec.terminal = terminal_;
    const Started started = start_command(spec);
    if (started.pid < 0) {
      tell("failed " + started.wrong);
      return false;
    }
    agent_ = started.pid;
    tell("started");
    return true;
  }

  void serve() {
    std::array<pollfd, 2> wanted{{{supervisor_, POLLIN, 0}, {ends_.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) return;
    if (wanted[1].revents != 0) reap();
    if (wanted[0].revents == 0 || over_) return;
    auto message = receive_message(supervisor_);
    if (!message || !*message) {
      over_ = true;
    } else if (const auto signal = read_signal((*message)->text)) {
      ::kill(-agent_, *signal);
    } else if ((*message)->text == "exec" && (*message)->fds.size() == 1) {
      begin_exec(std::move((*message)->fds.front()));
    } else if ((*message)->text == "environment" && (*message)->fds.size() == 1) {
      auto lines = take_environment((*message)->fds.front().get());
      if (lines) plan_.environment = *std::move(lines);
    }
  }

  void reap() {
    signalfd_siginfo seen{};
    while (::read(ends_.get(), &seen, sizeof seen) > 0) continue;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
      execs_.erase(pid);
      if (pid != agent_) continue;
      if (WIFSTOPPED(status)) {
        // Its user's shell waits for the supervisor, which doesn't stop: nobody would resume it.
        if (WSTOPSIG(status) == SIGTSTP) ::kill(-agent_, SIGCONT);
        continue;
      }
      tell(fmt::format("ended {}", exit_code(status)));
      over_ = true;
    }
  }

  void begin_exec(base::UniqueFd connection) {
    if (execs_.size() >= kExecsMax) {
      (void)send_message(connection.get(), "not_run too many commands run in this sandbox");
      return;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(supervisor_);
      ends_.reset();
      mind_exec(plan_, rules(), room_.report.netns, std::move(connection));
    }
    if (pid < 0) {
      (void)send_message(connection.get(), "not_run there can be no more processes");
      return;
    }
    execs_.insert(pid);
  }

  [[nodiscard]] const linux::FileRules* rules() const {
    return room_.rules ? &*room_.rules : nullptr;
  }

  Plan plan_;
  const std::vector<std::string>& words_;
  Terminal terminal_;
  int supervisor_;
  Room room_;
  base::UniqueFd ends_;
  pid_t agent_ = -1;
  std::set<pid_t> execs_;
  bool over_ = false;
};

}  // namespace

void keep_sandbox(const Plan& plan, const std::vector<std::string>& words, Terminal terminal,
                  base::UniqueFd supervisor) {
  reset_signals();
  std::signal(SIGPIPE, SIG_IGN);
  // A supervisor that is gone already is seen by the channel's end.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (supervisor.get() != kSupervisorFd && ::dup3(supervisor.get(), kSupervisorFd, O_CLOEXEC) < 0) {
    ::_exit(1);
  }
  (void)supervisor.release();
  ::close_range(kSupervisorFd + 1, ~0U, 0);
  Keeper(plan, words, terminal, kSupervisorFd).run();
  ::_exit(0);
}

}  // namespace sallyport::sandbox
