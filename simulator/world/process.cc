#include "simulator/world/process.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/mounts.h"
#include "simulator/world/spawn.h"

namespace sallyport::sim::world {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// Read per turn of the loop from one stream, so that a chatty command doesn't starve the rest.
constexpr std::size_t kReadBytes = 65536;

}  // namespace

class Process::Impl {
 public:
  Impl(net::Executor executor, Child child, CommandSpec spec)
      : pid(child.pid),
        pidfd(executor, child.pidfd.release()),
        report(std::move(child.report)),
        spec_(std::move(spec)),
        out_{executor, child.out.release(), 1},
        err_{executor, child.err.release(), 2} {}

  struct Stream {
    Stream(net::Executor executor, int fd, int number_) : pipe(executor, fd), number(number_) {}
    Descriptor pipe;
    int number;
    std::string kept;
  };

  // Reads what is there; false once the stream has ended.
  bool read(Stream& stream) {
    if (!stream.pipe.is_open()) return false;
    std::array<char, kReadBytes> buffer;
    const ssize_t size = ::read(stream.pipe.native_handle(), buffer.data(), buffer.size());
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    const std::size_t room = spec_.output_bytes_max -
                             std::min<std::uint64_t>(spec_.output_bytes_max, stream.kept.size());
    stream.kept.append(bytes.substr(0, room));
    dropped = dropped || bytes.size() > room;
    if (spec_.on_output) spec_.on_output(stream.number, bytes);
    return true;
  }

  // What a command wrote before its end is in the pipe by now; what others that hold the pipe go
  // on to write is not its output any more.
  void drain(Stream& stream) {
    take(stream);
    close(stream.pipe);
  }

  // What is in the pipe by now.
  void take(Stream& stream) {
    pollfd poll{stream.pipe.is_open() ? stream.pipe.native_handle() : -1, POLLIN, 0};
    // A bound: a survivor that writes without pause would keep us here.
    constexpr std::size_t kPipeBytesMax = 1024 * 1024;
    for (std::size_t turn = 0; turn < kPipeBytesMax / kReadBytes; ++turn) {
      if (::poll(&poll, 1, 0) <= 0 || !read(stream)) break;
    }
  }

  static void close(Descriptor& descriptor) {
    boost::system::error_code ignored;
    if (descriptor.is_open()) descriptor.close(ignored);
  }

  // Takes the exit status if there is one; the pid is free for others after that.
  void finish(bool wait) {
    if (exit) return;
    siginfo_t info{};
    const int flags = WEXITED | (wait ? 0 : WNOHANG);
    int result = 0;
    do {
      // By pid, which is ours until this call: Asio makes the pidfd non-blocking, and waitid then
      // refuses to wait.
      result = ::waitid(P_PID, static_cast<id_t>(pid), &info, flags);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
      exit = Exit{Exit::Kind::setup_failed, errno, "somebody else reaped it"};
    } else {
      if (info.si_pid == 0) return;
      exit = Exit{info.si_code == CLD_EXITED ? Exit::Kind::exited : Exit::Kind::signalled,
                  info.si_status,
                  {}};
    }
    read_report();
    drain(out_);
    drain(err_);
    close(pidfd);
  }

  void kill(int number) {
    if (exit) return;
    // The group exists once the child has made its session; until then there is only the child.
    if (spec_.confined || ::kill(-pid, number) != 0) {
      ::syscall(SYS_pidfd_send_signal, pidfd.native_handle(), number, nullptr, 0);
    }
    if (number == SIGSTOP) await_stop();
  }

  // A process with several threads goes on for a moment after the signal: until the kernel says of
  // all of them that they stand.
  void await_stop() const {
    siginfo_t info{};
    int result = -1;
    do {
      result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WEXITED | WNOWAIT);
    } while (result != 0 && errno == EINTR);
  }

  const pid_t pid;
  Descriptor pidfd;
  base::UniqueFd report;
  std::optional<Exit> exit;
  bool dropped = false;

 private:
  void read_report() {
    Report message;
    const ssize_t size = ::read(report.get(), &message, sizeof message);
    report.reset();
    if (size != static_cast<ssize_t>(sizeof message)) return;
    message.text[sizeof message.text - 1] = '\0';
    switch (message.kind) {
      case Report::status:
        exit = WIFEXITED(message.value) ? Exit{Exit::Kind::exited, WEXITSTATUS(message.value), {}}
                                        : Exit{Exit::Kind::signalled, WTERMSIG(message.value), {}};
        break;
      case Report::exec_failed:
        exit = Exit{Exit::Kind::exec_failed, message.value, message.text};
        break;
      default:
        exit = Exit{Exit::Kind::setup_failed, message.value, message.text};
        break;
    }
  }

  CommandSpec spec_;

 public:
  Stream out_, err_;
};

namespace {

net::Task<void> collect(std::shared_ptr<Process::Impl> impl, Process::Impl::Stream& stream) {
  for (;;) {
    auto [error] = co_await stream.pipe.async_wait(Descriptor::wait_read, net::kAwait);
    if (error || !impl->read(stream)) break;
  }
  Process::Impl::close(stream.pipe);
}

net::Task<Exit> wait_for(std::shared_ptr<Process::Impl> impl) {
  while (!impl->exit) {
    auto [error] = co_await impl->pidfd.async_wait(Descriptor::wait_read, net::kAwait);
    if (impl->exit) break;
    if (error) {
      Exit cancelled;
      cancelled.kind = Exit::Kind::setup_failed;
      cancelled.value = ECANCELED;
      cancelled.detail = "nobody waited for it any more";
      co_return cancelled;
    }
    impl->finish(false);
  }
  co_return *impl->exit;
}

}  // namespace

Process::Process(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Process::~Process() {
  kill();
  impl_->finish(true);
}

pid_t Process::pid() const { return impl_->pid; }
const std::optional<Exit>& Process::exit() const { return impl_->exit; }

const std::optional<Exit>& Process::poll() {
  impl_->finish(false);
  return impl_->exit;
}

net::Task<Exit> Process::wait() { return wait_for(impl_); }
void Process::take_output() {
  impl_->take(impl_->out_);
  impl_->take(impl_->err_);
}
const std::string& Process::out() const { return impl_->out_.kept; }
const std::string& Process::err() const { return impl_->err_.kept; }
bool Process::output_dropped() const { return impl_->dropped; }
void Process::signal(int number) { impl_->kill(number); }
void Process::kill() { impl_->kill(SIGKILL); }

bool is_cancelled(const Exit& end) {
  return end.kind == Exit::Kind::setup_failed && end.value == ECANCELED;
}

bool is_asked_end(const Exit& end, const std::vector<int>& signals) {
  if (end.kind == Exit::Kind::signalled)
    return std::find(signals.begin(), signals.end(), end.value) != signals.end();
  if (end.kind != Exit::Kind::exited) return false;
  const auto polite = [](int number) { return number == SIGTERM || number == SIGINT; };
  if (end.value == 0) return !signals.empty();
  return !std::all_of(signals.begin(), signals.end(), polite);
}

base::Result<std::unique_ptr<Process>> spawn(net::Executor executor, CommandSpec spec) {
  auto child = start_child(spec);
  if (!child) return child.error();
  auto impl = std::make_shared<Process::Impl>(executor, std::move(*child), std::move(spec));
  net::asio::co_spawn(executor, collect(impl, impl->out_), net::asio::detached);
  net::asio::co_spawn(executor, collect(impl, impl->err_), net::asio::detached);
  return std::make_unique<Process>(std::move(impl));
}

base::Result<void> own_folder(const std::string& path, uid_t uid, gid_t gid) {
  if (auto made = linux::make_directories(path); !made) return made;
  if (::chown(path.c_str(), uid, gid) != 0 || ::chmod(path.c_str(), 0700) != 0) {
    return linux::failure(linux::Operation::make_directory, errno);
  }
  return {};
}

}  // namespace sallyport::sim::world
