#include "reference/sandbox/exec_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>

#include "reference/base/unique_fd.h"
#include "reference/sandbox/channel.h"
#include "reference/sandbox/exec_request.h"
#include "reference/sandbox/state_folder.h"

namespace sallyport::sandbox {
namespace {

// Of a command that ended because its sandbox did.
constexpr int kKilled = 128 + SIGKILL;

template <class T>
T number(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct Outcome {
  std::string name;  // ended, timed_out, not_run, sandbox_ended
  int code = kExecNotRun;
  std::uint64_t netns = 0;
  std::string why;
};

class Exec {
 public:
  explicit Exec(const ExecOptions& options) : options_(options) {}

  Outcome run() {
    connection_ = knock(options_.folder, options_.name, outcome_.why);
    if (!connection_ || !ask()) return not_run();
    while (outcome_.name.empty()) listen();
    return outcome_;
  }

 private:
  Outcome not_run() {
    outcome_.name = "not_run";
    outcome_.code = kExecNotRun;
    return outcome_;
  }

  bool ask() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC));
    const auto text =
        write_exec_request({static_cast<std::int64_t>(options_.timeout * 1000), options_.words});
    if (!text) {
      outcome_.why = "the command is too long";
      return false;
    }
    const base::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const std::array streams{options_.with_input ? STDIN_FILENO : nothing.get(), STDOUT_FILENO,
                             STDERR_FILENO};
    const auto sent = send_message(connection_.get(), *text, streams);
    if (!sent) outcome_.why = sent.error().message();
    return sent.has_value();
  }

  void listen() {
    std::array<pollfd, 2> wanted{{{connection_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) return;
    if (wanted[1].revents != 0) pass_signal_on();
    if (wanted[0].revents != 0) hear();
  }

  void pass_signal_on() const {
    signalfd_siginfo seen{};
    if (::read(signals_.get(), &seen, sizeof seen) == sizeof seen)
      (void)send_message(connection_.get(), fmt::format("signal {}", seen.ssi_signo));
  }

  void hear() {
    const auto message = receive_message(connection_.get());
    if (!message || !*message) {
      outcome_.name = started_ ? "sandbox_ended" : "not_run";
      outcome_.code = started_ ? kKilled : kExecNotRun;
      outcome_.why = "the sandbox ended";
      return;
    }
    const auto [word, rest] = first_word((*message)->text);
    if (word == "started") {
      started_ = true;
      outcome_.netns = number<std::uint64_t>(rest);
    } else if (word == "ended") {
      outcome_.name = "ended";
      outcome_.code = number<int>(rest);
    } else if (word == "timed_out") {
      outcome_.name = "timed_out";
      outcome_.code = kExecTimedOut;
      outcome_.why = fmt::format("its {} seconds are over", options_.timeout);
    } else if (word == "not_run") {
      outcome_.why = rest;
      not_run();
    }
  }

  const ExecOptions& options_;
  base::UniqueFd connection_;
  base::UniqueFd signals_;
  Outcome outcome_;
  bool started_ = false;
};

}  // namespace

int run_exec(const ExecOptions& options) {
  const Outcome outcome = Exec(options).run();
  if (!outcome.why.empty()) fmt::print(stderr, "sallyport-supervisor: exec: {}\n", outcome.why);
  if (options.json) {
    fmt::print(stderr, "{{\"sandbox\":\"{}\",\"outcome\":\"{}\",\"code\":{},\"netns\":{}}}\n",
               options.name, outcome.name, outcome.code, outcome.netns);
  }
  return outcome.code;
}

}  // namespace sallyport::sandbox
