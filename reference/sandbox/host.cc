#include "reference/sandbox/host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "reference/linux/bypass_filter.h"
#include "reference/sandbox/channel.h"
#include "reference/sandbox/events.h"
#include "reference/sandbox/handed_environment.h"

namespace sallyport::sandbox {
namespace {

constexpr int kNotRun = 125;
constexpr int kKilled = 128 + SIGKILL;
// More than a datagram of the log ever has: one packet, cut to its headers.
constexpr std::size_t kLogBytes = 16384;
// Of the log at one turn, so that a flood leaves the loop to others.
constexpr int kAttemptsAtATurn = 16;

// The descriptor closes what it waits on; the channel stays the sandbox's.
int copy_of(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

// Whether a wait ended with something to read.
template <class Results>
bool readable(const Results& results) {
  return !std::get<0>(results);
}

}  // namespace

Host::Host(Parts parts)
    : parts_(parts),
      keeper_(parts.executor, copy_of(parts.sandbox.channel())),
      attempts_(parts.executor, parts.sandbox.attempts.release()),
      door_(parts.executor, copy_of(parts.door.fd())),
      tasks_(parts.executor, parts.log) {}

void Host::start(std::function<void(int, const std::string&)> ended) {
  ended_ = std::move(ended);
  if (auto sent = send_message(keeper_.native_handle(), "start"); !sent)
    return end(kNotRun, sent.error().message());
  tasks_.spawn(watch_keeper());
  tasks_.spawn(watch_attempts());
  tasks_.spawn(watch_door());
}

void Host::signal(int number) {
  // A keeper that is gone is heard of elsewhere.
  (void)send_message(keeper_.native_handle(), fmt::format("signal {}", number));
}

void Host::give_environment(const std::vector<std::string>& lines) {
  const base::UniqueFd text = hand_out_environment(lines);
  const std::array fds{text.get()};
  const bool given = text && send_message(keeper_.native_handle(), "environment", fds);
  if (given) return;
  parts_.log.write(base::LogLevel::error, "sandbox",
                   "further commands find the old environment: it can't be handed over");
}

void Host::stop() {
  ended_ = nullptr;
  tasks_.force();
  boost::system::error_code ignored;
  for (Descriptor* one : {&keeper_, &attempts_, &door_}) one->cancel(ignored);
}

// These three wait without a bound: for what happens inside, as long as the sandbox lasts.
net::Task<void> Host::watch_keeper() {
  for (;;) {
    const auto ready = co_await keeper_.async_wait(Descriptor::wait_read, net::kAwait);
    if (!readable(ready) || !hear_keeper()) co_return;
  }
}

net::Task<void> Host::watch_attempts() {
  for (;;) {
    const auto ready = co_await attempts_.async_wait(Descriptor::wait_read, net::kAwait);
    if (!readable(ready)) co_return;
    tell_attempts();
  }
}

net::Task<void> Host::watch_door() {
  for (;;) {
    const auto ready = co_await door_.async_wait(Descriptor::wait_read, net::kAwait);
    if (!readable(ready)) co_return;
    let_in();
  }
}

bool Host::hear_keeper() {
  const auto message = receive_message(keeper_.native_handle());
  if (!message || !*message) {
    end(kKilled, "the sandbox's keeper ended unexpectedly");
    return false;
  }
  const auto [word, rest] = first_word((*message)->text);
  if (word == "failed") {
    end(kNotRun, std::string(rest));
    return false;
  }
  if (word != "ended") return true;
  int code = kKilled;
  std::from_chars(rest.data(), rest.data() + rest.size(), code);
  end(code, {});
  return false;
}

void Host::tell_attempts() {
  std::array<std::uint8_t, kLogBytes> datagram;
  for (int i = 0; i < kAttemptsAtATurn; ++i) {
    const ssize_t size =
        ::recv(attempts_.native_handle(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    // ENOBUFS: more came than the socket holds; what is left is still told.
    if (size < 0 && errno != ENOBUFS) return;
    const auto seen = static_cast<std::size_t>(size < 0 ? 0 : size);
    for (const auto& attempt : linux::bypass_attempts({datagram.data(), seen})) {
      for (const audit::Event& event : bypass_events(attempt)) parts_.audit.emit(event);
    }
  }
}

void Host::let_in() {
  const base::UniqueFd who = parts_.door.take();
  if (!who) return;
  const std::array fds{who.get()};
  if (auto sent = send_message(keeper_.native_handle(), "exec", fds); !sent)
    (void)send_message(who.get(), "not_run " + sent.error().message());
}

void Host::end(int code, const std::string& wrong) {
  // What it tried last is in the log already.
  tell_attempts();
  const auto ended = std::exchange(ended_, nullptr);
  if (ended) ended(code, wrong);
}

}  // namespace sallyport::sandbox
