#include "simulator/subject/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::subject {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

constexpr std::size_t kMessageBytesMax = 256U * 1024;  // a longer one is cut
constexpr std::size_t kReadyLineMax = 64U * 1024;

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::size_t before = text.rfind('\n', end);
  return text.substr(before == std::string::npos ? 0 : before + 1,
                     end - (before == std::string::npos ? 0 : before + 1) + 1);
}

// From one start to its end.
struct Life {
  explicit Life(net::Executor executor) : ready(executor), messages(executor), over(executor) {}

  std::unique_ptr<world::Process> process;
  std::optional<world::Exit> ended;
  std::vector<int> asked;  // the signals sent to end it
  bool said_ready = false;
  bool failed_start = false;  // told as such: its end is no crash
  Descriptor ready;
  base::UniqueFd say_ready;  // the other end, until somebody has said it or it has ended
  Descriptor messages;
  bool messages_ended = false;
  net::Event over;  // `ended` was set
};

}  // namespace

class Daemon::Impl {
 public:
  Impl(std::string given_name, std::string type, net::Executor executor, net::Deadlines& deadlines,
       journal::Journal& journal, OnMessage on_message)
      : name(std::move(given_name)),
        executor_(executor),
        deadlines_(deadlines),
        type_(std::move(type)),
        journal_(journal),
        on_message_(std::move(on_message)) {}

  [[nodiscard]] static std::optional<StartFailure> launch(const std::shared_ptr<Impl>& self,
                                                          world::CommandSpec command);
  [[nodiscard]] static net::Task<Ready> wait_ready(std::shared_ptr<Impl> self,
                                                   base::TimePoint deadline);
  [[nodiscard]] static net::Task<bool> stop(std::shared_ptr<Impl> self, std::vector<int> signals,
                                            bool force, base::TimePoint deadline);
  void drain(Life& life);
  void note(std::string kind, journal::Fields fields, std::string step);
  void forget();
  [[nodiscard]] Life* last() const { return lives.empty() ? nullptr : lives.back().get(); }
  [[nodiscard]] bool running() const { return last() != nullptr && !last()->ended; }

  const std::string name;
  std::vector<std::shared_ptr<Life>> lives;
  LaunchOptions options;

 private:
  static net::Task<void> read_messages(std::shared_ptr<Impl> self, std::shared_ptr<Life> life);
  static net::Task<void> watch(std::shared_ptr<Impl> self, std::shared_ptr<Life> life);

  net::Executor executor_;
  net::Deadlines& deadlines_;
  const std::string type_;
  journal::Journal& journal_;
  OnMessage on_message_;
  std::string buffer_;  // of the size of the longest message, once there was one
  bool forgotten_ = false;
};

void Daemon::Impl::note(std::string kind, journal::Fields fields, std::string step) {
  journal::Event event;
  event.source = name;
  event.source_type = type_;
  event.kind = std::move(kind);
  event.fields = std::move(fields);
  event.step = std::move(step);
  journal_.append(std::move(event));
}

std::optional<StartFailure> Daemon::Impl::launch(const std::shared_ptr<Impl>& self,
                                                 world::CommandSpec command) {
  int ready[2];
  int messages[2];
  if (::pipe2(ready, O_CLOEXEC | O_NONBLOCK) != 0) return StartFailure{"no pipe"};
  base::UniqueFd ready_write(ready[1]);
  base::UniqueFd ready_read(ready[0]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, messages) != 0)
    return StartFailure{"no socket pair"};
  const base::UniqueFd messages_write(messages[1]);
  base::UniqueFd messages_read(messages[0]);
  command.descriptors.emplace_back(ready_write.get(), kReadyFd);
  command.descriptors.emplace_back(messages_write.get(), kMessagesFd);
  const std::vector<std::string>& more = self->options.environment;
  command.environment.insert(command.environment.begin(), more.begin(), more.end());
  if (self->options.descriptors_max) command.descriptors_max = self->options.descriptors_max;
  auto started = world::spawn(self->executor_, std::move(command));
  if (!started) return StartFailure{"it can't be started: " + started.error().message()};
  auto life = std::make_shared<Life>(self->executor_);
  life->process = std::move(*started);
  life->ready.assign(ready_read.release());
  life->say_ready = std::move(ready_write);
  life->messages.assign(messages_read.release());
  self->lives.push_back(life);
  asio::co_spawn(self->executor_, read_messages(self, life), asio::detached);
  asio::co_spawn(self->executor_, watch(self, life), asio::detached);
  return std::nullopt;
}

net::Task<Daemon::Ready> Daemon::Impl::wait_ready(std::shared_ptr<Impl> self,
                                                  base::TimePoint deadline) {
  const std::shared_ptr<Life> life = self->lives.back();
  bool expired = false;
  net::Deadline bound(self->deadlines_, [life, &expired] {
    expired = true;
    life->ready.cancel();
    life->process->kill();
  });
  bound.set(deadline);
  Ready result;
  std::array<char, 4096> buffer{};
  while (result.line.find('\n') == std::string::npos && result.line.size() < kReadyLineMax) {
    const auto into = asio::buffer(buffer);
    const auto [error, size] = co_await life->ready.async_read_some(into, net::kAwait);
    if (error) break;
    result.line.append(buffer.data(), size);
  }
  boost::system::error_code ignored;
  life->ready.close(ignored);
  const std::size_t end = result.line.find('\n');
  if (end != std::string::npos && !expired) {
    life->said_ready = true;
    result.line.resize(end);
    co_return result;
  }
  life->failed_start = true;
  while (!life->ended) {
    if (!co_await life->over.wait()) break;
  }
  if (expired || !life->ended) {
    result.failure = StartFailure{"it wasn't ready in time"};
    co_return result;
  }
  const world::Exit exit = *life->ended;
  const bool signalled = exit.kind == world::Exit::Kind::signalled;
  const std::string why = exit.detail.empty() ? last_line(life->process->err()) : exit.detail;
  result.failure = StartFailure{fmt::format("it ended before it was ready ({} {}{}{})",
                                            signalled ? "signal" : "exit", exit.value,
                                            why.empty() ? "" : ": ", why)};
  co_return result;
}

void Daemon::Impl::drain(Life& life) {
  if (!life.messages.is_open() || life.messages_ended || forgotten_) return;
  if (buffer_.empty()) buffer_.resize(kMessageBytesMax);
  for (;;) {
    const ssize_t size =
        ::recv(life.messages.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size <= 0) {
      life.messages_ended = size == 0 || (errno != EAGAIN && errno != EINTR);
      return;
    }
    std::string message = buffer_.substr(0, static_cast<std::size_t>(size));
    while (!message.empty() && message.back() == '\n') message.pop_back();
    if (on_message_) on_message_(message);
  }
}

net::Task<void> Daemon::Impl::read_messages(std::shared_ptr<Impl> self,
                                            std::shared_ptr<Life> life) {
  while (!life->messages_ended) {
    const auto [error] = co_await life->messages.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    self->drain(*life);
  }
}

net::Task<void> Daemon::Impl::watch(std::shared_ptr<Impl> self, std::shared_ptr<Life> life) {
  const world::Exit end = co_await life->process->wait();
  if (self->forgotten_) co_return;
  // What it told before its end stands before it.
  self->drain(*life);
  life->ended = end;
  life->say_ready.reset();
  journal::Fields fields;
  const char* const kind = end.kind == world::Exit::Kind::signalled ? "signal" : "exit";
  fields[kind] = static_cast<std::int64_t>(end.value);
  self->note("exit", std::move(fields), {});
  life->over.notify();
}

net::Task<bool> Daemon::Impl::stop(std::shared_ptr<Impl> self, std::vector<int> signals, bool force,
                                   base::TimePoint deadline) {
  if (!self->running()) co_return true;
  const std::shared_ptr<Life> life = self->lives.back();
  // One that has ended by itself, though we haven't noticed yet, is a crash.
  if (!life->process->poll()) {
    for (const int signal : signals) {
      if (signal != SIGCONT) life->asked.push_back(signal);
    }
  }
  for (const int signal : signals) life->process->signal(signal);
  net::Deadline bound(self->deadlines_, [life] { life->over.notify(); });
  bound.set(deadline);
  while (!life->ended && !bound.passed()) {
    if (!co_await life->over.wait()) co_return false;
  }
  if (life->ended) co_return true;
  if (!force) co_return false;
  life->asked.push_back(SIGKILL);
  life->process->kill();
  while (!life->ended) {
    if (!co_await life->over.wait()) co_return false;
  }
  co_return false;
}

void Daemon::Impl::forget() {
  forgotten_ = true;
  boost::system::error_code ignored;
  for (const std::shared_ptr<Life>& life : lives) {
    life->ready.close(ignored);
    life->messages.close(ignored);
    if (!life->ended) life->process->kill();
  }
}

Daemon::Daemon(std::string name, std::string type, net::Executor executor,
               net::Deadlines& deadlines, journal::Journal& journal, OnMessage on_message)
    : impl_(std::make_shared<Impl>(std::move(name), std::move(type), executor, deadlines, journal,
                                   std::move(on_message))) {}

Daemon::~Daemon() { impl_->forget(); }

void Daemon::set_launch(LaunchOptions options) { impl_->options = std::move(options); }

std::optional<StartFailure> Daemon::launch(world::CommandSpec command) {
  return Impl::launch(impl_, std::move(command));
}

net::Task<Daemon::Ready> Daemon::wait_ready(base::TimePoint deadline) {
  return Impl::wait_ready(impl_, deadline);
}

void Daemon::say_ready(const std::string& line) {
  Life* const life = impl_->last();
  if (life == nullptr || !life->say_ready) return;
  const std::string whole = line.substr(0, kReadyLineMax / 2) + "\n";
  const ssize_t wrote = ::write(life->say_ready.get(), whole.data(), whole.size());
  if (wrote == static_cast<ssize_t>(whole.size())) life->say_ready.reset();
}

void Daemon::drain() {
  if (impl_->last() != nullptr) impl_->drain(*impl_->last());
}

net::Task<bool> Daemon::stop(int signal, base::TimePoint deadline) {
  return Impl::stop(impl_, std::vector<int>{signal, SIGCONT}, false, deadline);
}

net::Task<bool> Daemon::end(base::TimePoint deadline) {
  return Impl::stop(impl_, std::vector<int>{SIGTERM, SIGCONT}, true, deadline);
}

void Daemon::signal(int number) {
  if (running()) impl_->last()->process->signal(number);
}

void Daemon::freeze() { signal(SIGSTOP); }
void Daemon::thaw() { signal(SIGCONT); }

void Daemon::note(std::string kind, journal::Fields fields, std::string step) {
  impl_->note(std::move(kind), std::move(fields), std::move(step));
}

bool Daemon::running() const { return impl_->running(); }
bool Daemon::ready() const { return impl_->running() && impl_->last()->said_ready; }

const std::optional<world::Exit>& Daemon::exit() const {
  static const std::optional<world::Exit> kNone;
  return impl_->last() == nullptr ? kNone : impl_->last()->ended;
}

std::optional<world::Exit> Daemon::crash() const {
  for (const std::shared_ptr<Life>& life : impl_->lives) {
    if (!life->ended || life->failed_start) continue;
    if (!world::is_asked_end(*life->ended, life->asked)) return life->ended;
  }
  return std::nullopt;
}

pid_t Daemon::pid() const { return impl_->last() == nullptr ? -1 : impl_->last()->process->pid(); }

std::string Daemon::output() const {
  std::string all;
  for (const std::shared_ptr<Life>& life : impl_->lives)
    all += life->process->out() + life->process->err();
  return all;
}

std::string Daemon::last_output() const {
  if (impl_->last() == nullptr) return {};
  // It may have been written just before something else that has come already.
  impl_->last()->process->take_output();
  return impl_->last()->process->out() + impl_->last()->process->err();
}

std::string Daemon::error_tail(std::size_t lines) const {
  if (impl_->last() == nullptr) return {};
  const std::string& all = impl_->last()->process->err();
  std::size_t begin = all.size();
  for (std::size_t found = 0; begin > 0 && found <= lines; --begin) {
    if (all[begin - 1] == '\n' && begin != all.size() && ++found == lines) break;
  }
  return all.substr(begin);
}

std::vector<std::string> plain_environment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  return static_cast<bool>(stream);
}

bool write_private_file(const std::string& path, const std::string& text) {
  ::unlink(path.c_str());
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return false;
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace sallyport::sim::subject
