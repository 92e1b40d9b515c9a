#include "reference/sandbox/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "reference/sandbox/channel.h"
#include "reference/sandbox/keeper.h"

namespace sallyport::sandbox {
namespace {

constexpr int kReadyMs = 20'000;
constexpr std::uint64_t kNamespaces = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;
constexpr std::size_t kHandedOut = 4;

pid_t clone_into(std::uint64_t namespaces) {
  clone_args how{};
  how.flags = namespaces;
  how.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
}

bool write_file(const std::string& path, const std::string& text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) >= 0;
}

// The one user that an ordinary process may map: itself, as itself.
std::string map_self(pid_t pid) {
  const std::string folder = fmt::format("/proc/{}/", pid);
  const bool done = write_file(folder + "setgroups", "deny") &&
                    write_file(folder + "uid_map", fmt::format("{0} {0} 1", ::geteuid())) &&
                    write_file(folder + "gid_map", fmt::format("{0} {0} 1", ::getegid()));
  return done ? std::string()
              : fmt::format("mapping the user into a user namespace: {}", std::strerror(errno));
}

}  // namespace

Sandbox::Sandbox(Sandbox&& other) noexcept
    : listening(std::move(other.listening)),
      attempts(std::move(other.attempts)),
      socket_diag(std::move(other.socket_diag)),
      netns(std::move(other.netns)),
      keeper_(std::exchange(other.keeper_, -1)),
      own_users_(other.own_users_),
      channel_(std::move(other.channel_)),
      report_(std::move(other.report_)),
      foreground_(std::exchange(other.foreground_, false)) {}

Sandbox::~Sandbox() {
  if (keeper_ > 0) {
    ::kill(keeper_, SIGKILL);
    ::waitpid(keeper_, nullptr, 0);
  }
  if (!foreground_) return;
  // We are in the background now, where asking for the terminal stops who doesn't ignore it.
  std::signal(SIGTTOU, SIG_IGN);
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
  std::signal(SIGTTOU, SIG_DFL);
}

std::string Sandbox::clone(const Plan& plan, const std::vector<std::string>& words,
                           Terminal terminal) {
  auto ends = make_channel();
  if (!ends) return ends.error().message();
  // What is buffered would be written twice.
  std::fflush(nullptr);
  keeper_ = clone_into(kNamespaces);
  if (keeper_ < 0 && errno == EPERM) {
    own_users_ = true;
    keeper_ = clone_into(kNamespaces | CLONE_NEWUSER);
  }
  if (keeper_ == 0) {
    ends->first.reset();
    keep_sandbox(plan, words, terminal, std::move(ends->second));
  }
  if (keeper_ < 0) {
    return fmt::format(
        "making the sandbox's namespaces: {}{}", std::strerror(errno),
        own_users_ ? " (without root this takes user namespaces: see kernel.unprivileged_userns_"
                     "clone, user.max_user_namespaces and the container's seccomp profile)"
                   : "");
  }
  channel_ = std::move(ends->first);
  return own_users_ ? map_self(keeper_) : std::string();
}

std::string Sandbox::await_ready() {
  if (auto sent = send_message(channel_.get(), "mapped"); !sent) return sent.error().message();
  if (!speaks_within(channel_.get(), kReadyMs)) return "the sandbox isn't ready in its time";
  auto message = receive_message(channel_.get());
  if (!message) return message.error().message();
  if (!*message) return "the sandbox's keeper ended unexpectedly";
  const std::string& text = (*message)->text;
  const auto [word, rest] = first_word(text);
  if (word != "ready" || (*message)->fds.size() != kHandedOut) return std::string(rest);
  report_ = read_report(rest);
  listening = std::move((*message)->fds[0]);
  attempts = std::move((*message)->fds[1]);
  socket_diag = std::move((*message)->fds[2]);
  netns = std::move((*message)->fds[3]);
  return {};
}

std::optional<Sandbox> Sandbox::launch(const Plan& plan, const std::vector<std::string>& words,
                                       std::string& wrong) {
  const Terminal terminal = terminal_here();
  Sandbox sandbox;
  wrong = sandbox.clone(plan, words, terminal);
  if (wrong.empty()) wrong = sandbox.await_ready();
  if (!wrong.empty()) return std::nullopt;
  sandbox.foreground_ = terminal == Terminal::foreground;
  return std::optional<Sandbox>(std::move(sandbox));
}

}  // namespace sallyport::sandbox
