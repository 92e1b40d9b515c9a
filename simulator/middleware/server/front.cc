// The program's own thread: who knocks, what the harness or a person says, which signal comes.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "reference/base/unique_fd.h"
#include "reference/net/socket_address.h"
#include "simulator/middleware/server/answers.h"
#include "simulator/middleware/server/hosting.h"
#include "simulator/middleware/server/serve.h"
#include "simulator/middleware/server/teller.h"

namespace sallyport::sim::middleware::server {
namespace {

constexpr int kBacklog = 511;
constexpr std::size_t kControlBytes = 4096;
constexpr int kMisuse = 2;

base::UniqueFd listen_at(const net::Endpoint& at) {
  const int family = at.address.is_v4() ? AF_INET : AF_INET6;
  base::UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return {};
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = net::to_socket_address(at);
  if (::bind(socket.get(), address.get(), address.length) != 0) return {};
  return ::listen(socket.get(), kBacklog) == 0 ? std::move(socket) : base::UniqueFd();
}

// The program's own thread: who knocks, what the harness says, which signal comes.
class Front {
 public:
  Front(Hosting& hosting, Connections& connections, Answers& answers, Teller& teller,
        const ServeOptions& options)
      : hosting_(hosting),
        connections_(connections),
        answers_(answers),
        teller_(teller),
        options_(options) {}

  void run(int listener, int signals);

 private:
  void accept_all(int listener);
  // False at the harness's end.
  [[nodiscard]] bool listen_to_harness();
  [[nodiscard]] bool listen_to_person();
  void obey(const std::string& line);

  Hosting& hosting_;
  Connections& connections_;
  Answers& answers_;
  Teller& teller_;
  const ServeOptions& options_;
  std::string typed_;  // by a person, the line so far
};

void Front::accept_all(int listener) {
  for (;;) {
    base::UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    Told told;
    told.kind = "connection";
    told.at = base::SystemClock().now();
    const auto peer = net::peer_endpoint_of(socket.get());
    if (!peer) continue;  // who has gone already
    told.peer = peer->to_string();
    if (const auto to = net::local_endpoint_of(socket.get())) told.fields["to"] = to->to_string();
    told.connection = connections_.add(*peer).number;
    teller_.tell(std::move(told));
    hosting_.take(std::move(socket), listener);
  }
}

void Front::obey(const std::string& line) {
  if (line.empty()) return;
  Told told;
  told.kind = "control";
  told.at = base::SystemClock().now();
  told.fields["line"] = line;
  told.fields["error"] = answers_.control(line);
  if (options_.event_fd < 0) {
    const std::string& error = std::get<std::string>(told.fields["error"]);
    if (!error.empty()) std::fprintf(stderr, "sallyport-middleware: %s\n", error.c_str());
  }
  teller_.tell(std::move(told));
}

bool Front::listen_to_harness() {
  std::array<char, kControlBytes> buffer{};
  const ssize_t size = ::recv(options_.event_fd, buffer.data(), buffer.size(), 0);
  if (size < 0 && errno == EINTR) return true;
  if (size <= 0) return false;
  obey(std::string(buffer.data(), static_cast<std::size_t>(size)));
  return true;
}

bool Front::listen_to_person() {
  std::array<char, kControlBytes> buffer{};
  const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size < 0 && errno == EINTR) return true;
  if (size <= 0) return false;
  typed_.append(buffer.data(), static_cast<std::size_t>(size));
  for (std::size_t end = 0; (end = typed_.find('\n')) != std::string::npos;) {
    obey(typed_.substr(0, end));
    typed_.erase(0, end + 1);
  }
  if (typed_.size() > kControlBytes) typed_.clear();
  return true;
}

void Front::run(int listener, int signals) {
  const bool harness = options_.event_fd >= 0;
  std::array<pollfd, 4> wanted{{{signals, POLLIN, 0},
                                {listener, POLLIN, 0},
                                {harness ? options_.event_fd : STDIN_FILENO, POLLIN, 0},
                                {hosting_.due_fd(), POLLIN, 0}}};
  for (;;) {
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
    if (wanted[0].revents != 0) return;
    // Before the next comes: it is to have a connection that isn't sent away.
    if (wanted[3].revents != 0) hosting_.send_away();
    if (wanted[1].revents != 0) accept_all(listener);
    if (wanted[2].revents == 0) continue;
    if (harness ? listen_to_harness() : listen_to_person()) continue;
    if (harness) return;
    wanted[2].fd = -1;
  }
}

base::UniqueFd take_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  // Before gRPC starts its threads, which inherit it.
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return base::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

void say_ready(int fd, std::uint16_t port) {
  if (fd < 0) return;
  const std::string line = "{\"port\": " + std::to_string(port) + "}\n";
  // Who isn't there any more needn't know.
  [[maybe_unused]] const ssize_t size = ::write(fd, line.data(), line.size());
  ::close(fd);
}

}  // namespace

int serve(ServeOptions options) {
  const base::UniqueFd signals = take_signals();
  base::UniqueFd listener = listen_at(options.listen);
  const auto bound = listener ? net::local_endpoint_of(listener.get()) : std::nullopt;
  if (!bound) {
    std::fprintf(stderr, "sallyport-middleware: can't listen at %s: %s\n",
                 options.listen.to_string().c_str(), std::strerror(errno));
    return kMisuse;
  }
  const base::SystemClock clock;
  Answers answers(options.spec, clock);
  for (const std::string& line : options.control) {
    const std::string error = answers.control(line);
    if (error.empty()) continue;
    std::fprintf(stderr, "sallyport-middleware: \"%s\": %s\n", line.c_str(), error.c_str());
    return kMisuse;
  }
  Teller teller(options);
  Connections connections;
  const std::unique_ptr<Hosting> hosting =
      Hosting::start(options.spec, connections, answers, teller);
  if (!hosting) {
    std::fprintf(stderr, "sallyport-middleware: gRPC can't serve%s\n",
                 options.spec.certificate_pem.empty() ? "" : " with this certificate and key");
    return kMisuse;
  }
  say_ready(options.ready_fd, bound->port);
  if (options.event_fd < 0 && options.on_line) options.on_line("serving at " + bound->to_string());
  Front front(*hosting, connections, answers, teller, options);
  front.run(listener.get(), signals.get());
  listener.reset();
  hosting->end();
  // Nor is gRPC's own end waited for: after a long answer whose reader left it may never come.
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace sallyport::sim::middleware::server
