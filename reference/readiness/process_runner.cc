#include "reference/readiness/process_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/base/unique_fd.h"
#include "reference/net/both.h"

namespace sallyport::readiness {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

constexpr int kSignalled = 128;
constexpr std::size_t kPieceBytes = 16 * 1024;

struct Pipe {
  base::UniqueFd ours, theirs;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
    return true;
  }
};

struct Child {
  pid_t pid = -1;
  base::UniqueFd process;
  Pipe out, err;
  std::string wrong;
};

// Signals as a program expects them at its start, whatever ours are.
void set_attributes(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t ours;
  ::sigemptyset(&none);
  ::sigemptyset(&ours);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ours, signal);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &ours);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

int spawn_into(Words& words, Child& child) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& one : words) argv.push_back(one.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, child.out.theirs.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, child.err.theirs.get(), STDERR_FILENO);
  set_attributes(attributes);
  const int error =
      ::posix_spawnp(&child.pid, argv.front(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

Child start(Words words) {
  Child child;
  const std::string name = words.empty() ? std::string("no command") : words.front();
  int error = EINVAL;
  if (!words.empty() && child.out.open() && child.err.open()) error = spawn_into(words, child);
  child.out.theirs.reset();
  child.err.theirs.reset();
  if (error != 0) {
    child.pid = -1;
    child.wrong = fmt::format("{}: {}", name, std::strerror(error));
    return child;
  }
  child.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (child.process) return child;
  child.wrong = fmt::format("{}: {}", name, std::strerror(errno));
  ::kill(-child.pid, SIGKILL);
  ::waitpid(child.pid, nullptr, 0);
  child.pid = -1;
  return child;
}

// Until the end, or until the time is `over`.
net::Task<void> read_all(Descriptor& from, std::string& into, bool& cut, const bool& over) {
  std::array<char, kPieceBytes> piece{};
  while (!over) {
    // Bounded by the command's deadline, which cancels the descriptor.
    const auto buffer = net::asio::buffer(piece);
    const auto [error, size] = co_await from.async_read_some(buffer, net::kAwait);
    if (error) co_return;
    const std::size_t kept = std::min(size, ProcessRunner::kKeptMax - into.size());
    into.append(piece.data(), kept);
    if (kept < size) cut = true;
  }
}

net::Task<void> wait_for_end(Descriptor& process, bool& ended) {
  // Bounded: at its deadline the process is killed.
  const auto [error] = co_await process.async_wait(Descriptor::wait_read, net::kAwait);
  ended = !error;
}

}  // namespace

ProcessRunner::ProcessRunner(net::Executor executor, net::Deadlines& deadlines)
    : executor_(executor), deadlines_(deadlines) {}

ProcessRunner::~ProcessRunner() { end_all(); }

void ProcessRunner::end_all() {
  for (const pid_t pid : running_) ::kill(-pid, SIGKILL);
}

net::Task<CommandResult> ProcessRunner::run(Words words, ms limit) {
  CommandResult result;
  Child child = start(std::move(words));
  if (child.pid < 0) {
    result.err = child.wrong;
    co_return result;
  }
  // Not reaped before the end, so the number stays the group's.
  running_.insert(child.pid);
  Descriptor out(executor_, child.out.ours.release());
  Descriptor err(executor_, child.err.ours.release());
  Descriptor process(executor_, child.process.release());
  bool ended = false;
  bool over = false;
  bool late = false;
  net::Deadline deadline(deadlines_, [&] {
    over = true;
    late = !ended;
    ::kill(-child.pid, SIGKILL);
    out.cancel();
    err.cancel();
  });
  deadline.set(deadlines_.now() + limit);
  net::Task<void> reading = net::both(read_all(out, result.out, result.cut, over),
                                      read_all(err, result.err, result.cut, over));
  net::Task<void> waiting = wait_for_end(process, ended);
  co_await net::both(std::move(reading), std::move(waiting));
  int status = 0;
  ::kill(-child.pid, SIGKILL);
  ::waitpid(child.pid, &status, 0);
  running_.erase(child.pid);
  result.end = late ? CommandResult::End::timed_out : CommandResult::End::exited;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
  co_return result;
}

}  // namespace sallyport::readiness
