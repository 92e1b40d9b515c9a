// The unit of the service that includes gRPC.
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "simulator/middleware/server/hosting.h"

namespace sallyport::sim::middleware::server {
namespace {

// Calls that are under way may finish for so long: at the end, and on a connection sent away.
constexpr std::chrono::milliseconds kGrace(100);
constexpr std::chrono::seconds kGraceAway(1);
// Who is told to end has two seconds for all of it.
constexpr std::chrono::milliseconds kEndPatience(400);

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// What all calls share.
struct Shared {
  const ServiceSpec& spec;
  const Connections& connections;
  const Answers& answers;
  Teller& teller;
  base::UniqueFd due;
  std::atomic<std::uint64_t> calls{0};
  std::atomic<bool> ending{false};
};

// One call: reads one message, answers it, maybe late. Deletes itself at its end.
class Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(grpc::GenericCallbackServerContext& context, Shared& shared)
      : method_(context.method()),
        connection_(shared.connections.find(context.peer())),
        shared_(shared) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void send();
  void tell_cancelled();

  const std::string method_;
  const Connections::Known connection_;
  Shared& shared_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Reply reply_;
  Told cancelled_told_;
  std::mutex mutex_;
  grpc::Alarm alarm_;       // guarded by mutex_
  bool waiting_ = false;    // guarded by mutex_
  bool cancelled_ = false;  // guarded by mutex_
};

// What of a call is told once more when its caller gives it up.
Told cancelled(const Told& call) {
  Told told;
  told.kind = "cancelled";
  told.connection = call.connection;
  told.peer = call.peer;
  told.fields["call"] = call.kind;
  for (const char* const name : {"method", "path", "query", "headers", "request_id"}) {
    const auto found = call.fields.find(name);
    if (found != call.fields.end()) told.fields[name] = found->second;
  }
  return told;
}

void Call::OnReadDone(bool ok) {
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no message"));
  Answered answered = shared_.answers.answer(method_, bytes_of(request_));
  reply_ = std::move(answered.reply);
  answered.told.connection = connection_.number;
  answered.told.peer = connection_.peer;
  if (!answered.told.kind.empty()) cancelled_told_ = cancelled(answered.told);
  // Before the answer leaves, so that who has it can read of it.
  shared_.teller.tell(std::move(answered.told));
  if (!reply_.never && reply_.delay <= base::Duration(0)) return send();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (cancelled_) {
    tell_cancelled();
    return Finish(grpc::Status::CANCELLED);
  }
  waiting_ = true;
  const auto due = reply_.never
                       ? std::chrono::system_clock::time_point::max()
                       : std::chrono::system_clock::now() +
                             std::chrono::duration_cast<std::chrono::microseconds>(reply_.delay);
  alarm_.Set(due, [this](bool is_due) {
    if (is_due) return send();
    tell_cancelled();
    Finish(grpc::Status::CANCELLED);
  });
}

void Call::OnCancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  if (waiting_) alarm_.Cancel();
}

// The end of the service isn't its caller's doing.
void Call::tell_cancelled() {
  if (shared_.ending || cancelled_told_.kind.empty()) return;
  cancelled_told_.at = base::SystemClock().now();
  shared_.teller.tell(std::move(cancelled_told_));
}

void Call::send() {
  if (reply_.code != 0)
    return Finish(grpc::Status(static_cast<grpc::StatusCode>(reply_.code), reply_.message));
  const grpc::Slice slice(reply_.bytes);
  response_ = grpc::ByteBuffer(&slice, 1);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

void Call::OnDone() {
  const std::uint64_t calls = ++shared_.calls;
  if (shared_.spec.goaway > 0 && calls % shared_.spec.goaway == 0) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = ::write(shared_.due.get(), &one, sizeof one);
  }
  delete this;
}

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(Shared& shared) : shared_(shared) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(*context, shared_);
  }

 private:
  Shared& shared_;
};

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServiceSpec& spec) {
  if (spec.certificate_pem.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({spec.key_pem, spec.certificate_pem});
  return grpc::SslServerCredentials(options);
}

// A server and its connections; those that come after a GOAWAY have another.
struct Served {
  explicit Served(Shared& shared) : service(shared) {}
  Service service;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
};

std::unique_ptr<Served> serve_with(Shared& shared) {
  auto served = std::make_unique<Served>(shared);
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&served->service);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  if (!shared.spec.strict_pings) {
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  }
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  served->acceptor = builder.experimental().AddExternalConnectionAcceptor(
      Type::FROM_FD, credentials_of(shared.spec));
  served->server = builder.BuildAndStart();
  if (!served->server) return nullptr;
  return served;
}

}  // namespace

class Hosting::Impl {
 public:
  Impl(const ServiceSpec& spec, const Connections& connections, const Answers& answers,
       Teller& teller)
      : shared{spec, connections, answers, teller,
               base::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))} {}

  Shared shared;
  std::unique_ptr<Served> now;
  std::vector<std::unique_ptr<Served>> before;
  std::vector<std::thread> leaving;  // one for each of `before`: its end takes a moment
};

Hosting::Hosting(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::unique_ptr<Hosting> Hosting::start(const ServiceSpec& spec, const Connections& connections,
                                        const Answers& answers, Teller& teller) {
  auto impl = std::make_unique<Impl>(spec, connections, answers, teller);
  impl->now = serve_with(impl->shared);
  if (!impl->now) return nullptr;
  return std::unique_ptr<Hosting>(new Hosting(std::move(impl)));
}

Hosting::~Hosting() = default;

void Hosting::end() {
  impl_->shared.ending = true;
  const auto done = std::make_shared<std::promise<void>>();
  const std::future<void> ended = done->get_future();
  std::thread([done, impl = impl_.get()] {
    impl->now->server->Shutdown(std::chrono::system_clock::now() + kGrace);
    for (std::thread& one : impl->leaving) one.join();
    done->set_value();
  }).detach();
  (void)ended.wait_for(kEndPatience);
}

void Hosting::take(base::UniqueFd socket, int listener) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.listener_fd = listener;
  connection.fd = socket.release();
  impl_->now->acceptor->HandleNewConnection(&connection);
}

int Hosting::due_fd() const { return impl_->shared.due.get(); }

void Hosting::send_away() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(due_fd(), &count, sizeof count);
  auto next = serve_with(impl_->shared);
  if (!next) return;
  impl_->before.push_back(std::exchange(impl_->now, std::move(next)));
  Told told;
  told.kind = "goaway";
  told.at = base::SystemClock().now();
  impl_->shared.teller.tell(std::move(told));
  impl_->leaving.emplace_back([server = impl_->before.back()->server.get()] {
    server->Shutdown(std::chrono::system_clock::now() + kGraceAway);
  });
}

}  // namespace sallyport::sim::middleware::server
