// The one unit of the service that includes gRPC.
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "reference/base/unique_fd.h"
#include "reference/net/socket_address.h"
#include "simulator/middleware/server/answers.h"
#include "simulator/middleware/server/events.h"
#include "simulator/middleware/server/serve.h"

namespace sallyport::sim::middleware::server {
namespace {

constexpr int kBacklog = 511;
constexpr std::size_t kControlBytes = 4096;
// Calls that are under way at the end may finish for so long.
constexpr std::chrono::milliseconds kGrace(100);
constexpr int kMisuse = 2;

// Events out; any thread. Blocks while the harness is behind: nothing is lost.
class Teller {
 public:
  Teller(int fd, const ServeOptions& options) : fd_(fd), options_(options) {}
  void tell(Told told);

 private:
  [[nodiscard]] bool send(const Told& told) const;
  int fd_;
  const ServeOptions& options_;
};

bool Teller::send(const Told& told) const {
  const std::string json = to_json(told);
  for (;;) {
    if (::send(fd_, json.data(), json.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return errno != EMSGSIZE;
  }
}

void Teller::tell(Told told) {
  if (told.kind.empty()) return;
  if (fd_ < 0) {
    if (options_.on_line) options_.on_line(to_line(told));
    return;
  }
  if (send(told)) return;
  // More than the socket takes at once: what it is about matters more than all its octets.
  told.fields.erase("json");
  told.fields["body"] = std::string();
  if (!send(told)) told.fields.erase("headers"), (void)send(told);
}

// Which connection a call came on. gRPC names it by the descriptor that it was handed.
class Connections {
 public:
  struct Known {
    std::uint64_t number = 0;  // from 1
    std::string peer;
  };
  Known add(int fd, std::string peer);
  [[nodiscard]] Known find(const std::string& name) const;  // `fd:N`

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;     // guarded by mutex_
  std::map<int, Known> known_;  // guarded by mutex_; a number that is used again replaces the old
};

Connections::Known Connections::add(int fd, std::string peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return known_[fd] = Known{++count_, std::move(peer)};
}

Connections::Known Connections::find(const std::string& name) const {
  int fd = -1;
  if (!name.starts_with("fd:")) return {};
  std::from_chars(name.data() + 3, name.data() + name.size(), fd);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(fd);
  return found == known_.end() ? Known{} : found->second;
}

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// One call: reads one message, answers it, maybe late. Deletes itself at its end.
class Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(grpc::GenericCallbackServerContext& context, Connections::Known connection,
       const Answers& answers, Teller& teller)
      : method_(context.method()),
        connection_(std::move(connection)),
        answers_(answers),
        teller_(teller) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  void send();

  const std::string method_;
  const Connections::Known connection_;
  const Answers& answers_;
  Teller& teller_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Reply reply_;
  std::mutex mutex_;
  grpc::Alarm alarm_;       // guarded by mutex_
  bool waiting_ = false;    // guarded by mutex_
  bool cancelled_ = false;  // guarded by mutex_
};

void Call::OnReadDone(bool ok) {
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no message"));
  Answered answered = answers_.answer(method_, bytes_of(request_));
  reply_ = std::move(answered.reply);
  answered.told.connection = connection_.number;
  answered.told.peer = connection_.peer;
  // Before the answer leaves, so that who has it can read of it.
  teller_.tell(std::move(answered.told));
  if (reply_.delay <= base::Duration(0)) return send();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (cancelled_) return Finish(grpc::Status::CANCELLED);
  waiting_ = true;
  alarm_.Set(std::chrono::system_clock::now() +
                 std::chrono::duration_cast<std::chrono::microseconds>(reply_.delay),
             [this](bool due) {
               if (due) return send();
               Finish(grpc::Status::CANCELLED);
             });
}

void Call::OnCancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  if (waiting_) alarm_.Cancel();
}

void Call::send() {
  if (reply_.code != 0)
    return Finish(grpc::Status(static_cast<grpc::StatusCode>(reply_.code), reply_.message));
  const grpc::Slice slice(reply_.bytes);
  response_ = grpc::ByteBuffer(&slice, 1);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

class Service final : public grpc::CallbackGenericService {
 public:
  Service(const Connections& connections, const Answers& answers, Teller& teller)
      : connections_(connections), answers_(answers), teller_(teller) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(*context, connections_.find(context->peer()), answers_, teller_);
  }

 private:
  const Connections& connections_;
  const Answers& answers_;
  Teller& teller_;
};

std::unique_ptr<grpc::Server> start(Service& service, bool strict_pings) {
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  if (!strict_pings) {
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  }
  return builder.BuildAndStart();
}

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
  Front(grpc::Server& server, Connections& connections, Answers& answers, Teller& teller,
        const ServeOptions& options)
      : server_(server),
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

  grpc::Server& server_;
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
    if (const auto peer = net::peer_endpoint_of(socket.get())) told.peer = peer->to_string();
    if (const auto to = net::local_endpoint_of(socket.get())) told.fields["to"] = to->to_string();
    told.connection = connections_.add(socket.get(), told.peer).number;
    teller_.tell(std::move(told));
    grpc::AddInsecureChannelFromFd(&server_, socket.release());
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
  std::array<pollfd, 3> wanted{{{signals, POLLIN, 0},
                                {listener, POLLIN, 0},
                                {harness ? options_.event_fd : STDIN_FILENO, POLLIN, 0}}};
  for (;;) {
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
    if (wanted[0].revents != 0) return;
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
  Teller teller(options.event_fd, options);
  Connections connections;
  Service service(connections, answers, teller);
  const std::unique_ptr<grpc::Server> server = start(service, options.strict_pings);
  if (!server) {
    std::fprintf(stderr, "sallyport-middleware: gRPC can't serve\n");
    return kMisuse;
  }
  say_ready(options.ready_fd, bound->port);
  if (options.event_fd < 0 && options.on_line) options.on_line("serving at " + bound->to_string());
  Front front(*server, connections, answers, teller, options);
  front.run(listener.get(), signals.get());
  listener.reset();
  server->Shutdown(std::chrono::system_clock::now() + kGrace);
  return 0;
}

}  // namespace sallyport::sim::middleware::server
