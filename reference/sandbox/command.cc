#include "reference/sandbox/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "reference/linux/call_filter.h"
#include "reference/linux/capabilities.h"

namespace sallyport::sandbox {
namespace {

constexpr int kSignals = 64;
constexpr int kNotExecuted = 125;

// Ends the child; `report` is closed by the exec that works.
[[noreturn]] void give_up(int report, std::string_view why) {
  (void)!::write(report, why.data(), why.size());
  ::_exit(kNotExecuted);
}
[[noreturn]] void give_up_with_errno(int report, std::string_view what) {
  give_up(report, fmt::format("{}: {}", what, std::strerror(errno)));
}

void take_streams(const CommandSpec& spec, int report) {
  // In two rounds: a stream may have the number that another is to get.
  std::array<int, 3> safe{};
  for (std::size_t i = 0; i < safe.size(); ++i) {
    safe[i] = ::fcntl(spec.streams[i], F_DUPFD_CLOEXEC, 3);
    if (safe[i] < 0) give_up_with_errno(report, "taking a standard stream");
  }
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if (::dup2(safe[i], static_cast<int>(i)) < 0)
      give_up_with_errno(report, "taking a standard stream");
  }
}

void take_session(Terminal terminal, int report) {
  if (terminal == Terminal::none) {
    if (::setsid() < 0) give_up_with_errno(report, "beginning a session");
    return;
  }
  if (::setpgid(0, 0) != 0) give_up_with_errno(report, "making a process group");
  if (terminal != Terminal::foreground) return;
  // Who isn't in the foreground yet would be stopped for asking.
  std::signal(SIGTTOU, SIG_IGN);
  if (::tcsetpgrp(STDIN_FILENO, ::getpid()) != 0)
    give_up_with_errno(report, "taking the terminal's foreground");
  std::signal(SIGTTOU, SIG_DFL);
}

void confine(const CommandSpec& spec, int report) {
  const Account& who = spec.plan.account;
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) give_up_with_errno(report, "switching off core dumps");
  if (auto done = linux::drop_privileges(who.uid, who.gid, who.groups); !done)
    give_up(report, done.error().message());
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    give_up_with_errno(report, "making the process undumpable");
  if (spec.rules != nullptr) {
    if (auto done = spec.rules->enforce(); !done) give_up(report, done.error().message());
  }
}

[[noreturn]] void be_command(const CommandSpec& spec, int report) {
  reset_signals();
  take_session(spec.terminal, report);
  take_streams(spec, report);
  // Nothing of the sandbox's own goes along.
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    give_up_with_errno(report, "closing descriptors");
  confine(spec, report);
  // As the user, after the rules: a folder that it can't be in isn't its working folder.
  if (::chdir(spec.plan.folder.c_str()) != 0)
    give_up_with_errno(report, fmt::format("the working folder {}", spec.plan.folder));
  std::vector<char*> environment, words;
  for (const std::string& line : spec.plan.environment)
    environment.push_back(const_cast<char*>(line.c_str()));
  environment.push_back(nullptr);
  for (const std::string& word : spec.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  // The program is looked for on the agent's PATH, not on ours.
  environ = environment.data();
  if (auto done = linux::refuse_agent_calls(); !done) give_up(report, done.error().message());
  ::execvp(words.front(), words.data());
  give_up_with_errno(report, spec.words.front());
}

}  // namespace

Terminal terminal_here() {
  const pid_t foreground = ::tcgetpgrp(STDIN_FILENO);
  if (foreground < 0) return Terminal::none;
  return foreground == ::getpgrp() ? Terminal::foreground : Terminal::background;
}

void reset_signals() {
  for (int signal = 1; signal <= kSignals; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Started start_command(const CommandSpec& spec) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
  const base::UniqueFd from(ends[0]);
  base::UniqueFd report(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return {-1, fmt::format("making a process: {}", std::strerror(errno))};
  if (child == 0) be_command(spec, report.get());
  report.reset();
  std::string wrong;
  std::array<char, 512> text;
  for (ssize_t size = 0; (size = ::read(from.get(), text.data(), text.size())) != 0;) {
    if (size < 0 && errno != EINTR) break;
    if (size > 0) wrong.append(text.data(), static_cast<std::size_t>(size));
  }
  if (wrong.empty()) return {child, {}};
  ::waitpid(child, nullptr, 0);
  return {-1, wrong};
}

int exit_code(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace sallyport::sandbox
