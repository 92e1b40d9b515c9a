#include "reference/rpc/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "reference/rpc/errors.h"
#include "reference/rpc/target.h"

namespace sallyport::rpc {
namespace {

// Connections that are being made at the same time, at most: with one begun each `fresh_after`,
// each has some while to become ready over a slow line before it is given up.
constexpr std::size_t kLinesMax = 8;

// One gRPC channel, which makes one connection after the other.
struct Line {
  Line(std::shared_ptr<grpc::Channel> of, base::TimePoint when)
      : channel(std::move(of)), stub(channel), made(when) {}

  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
  base::TimePoint made;
};

// What gRPC's threads reach of the loop: open as long as the Channel is there, and no longer.
class Gate {
 public:
  explicit Gate(net::Executor executor) : executor_(executor) {}

  // False, and nothing is taken, once it is closed.
  template <class Function>
  bool post(Function& function) {
    const std::lock_guard hold(mutex_);
    if (open_) net::asio::post(executor_, std::move(function));
    return open_;
  }
  void close() {
    const std::lock_guard hold(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
  net::Executor executor_;
};

// The coroutine's half of a call. On the loop.
struct Waiter {
  explicit Waiter(net::Executor executor) : ended(executor) {}
  net::Event ended;
  bool done = false;
};

// gRPC's half: lives until gRPC has let go of it, perhaps longer than Channel and loop. Holds
// nothing of the loop's but a pointer that only the loop reads.
struct Call {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::Status status;
  Waiter* waiter = nullptr;  // null once nobody waits
};

// Calls that ended after their Channel did. One of gRPC's threads may never let go of a call: with
// it might go the last channel of the process, whose end waits for these very threads.
class Leftovers {
 public:
  static Leftovers& all() {
    static Leftovers& kAll = *new Leftovers;  // gRPC's threads may outlive main
    return kAll;
  }
  void keep(std::shared_ptr<Call> call) {
    const std::lock_guard hold(mutex_);
    calls_.push_back(std::move(call));
  }
  // On a thread of ours.
  void let_go() {
    std::vector<std::shared_ptr<Call>> gone;  // ends after the lock does
    const std::lock_guard hold(mutex_);
    gone.swap(calls_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Call>> calls_;
};

// The end of a call, brought to the loop.
struct Arrival {
  std::shared_ptr<Call> call;
  void operator()() {
    if (call->waiter == nullptr) return;
    call->waiter->done = true;
    call->waiter->ended.notify();
  }
};

// On one of gRPC's threads.
void arrive(Gate& gate, Arrival arrival, grpc::Status status) {
  arrival.call->status = std::move(status);
  if (!gate.post(arrival)) Leftovers::all().keep(std::move(arrival.call));
}

// Leaves the call when the coroutine does, in whatever way that happens.
class Watch {
 public:
  Watch(std::shared_ptr<Call> call, Waiter& waiter, std::set<Waiter*>& all)
      : call_(std::move(call)), waiter_(waiter), all_(all) {
    call_->waiter = &waiter_;
    all_.insert(&waiter_);
  }
  ~Watch() {
    all_.erase(&waiter_);
    call_->waiter = nullptr;
    if (!waiter_.done) call_->context.TryCancel();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::shared_ptr<Call> call_;
  Waiter& waiter_;
  std::set<Waiter*>& all_;
};

// A connection that ended under the call, by a GOAWAY or otherwise, before an answer: a strict
// service (`too_many_pings`) resets right after its GOAWAY, and gRPC tells the reset alone. Not one
// that was never made. gRPC has but words to tell this from an UNAVAILABLE that the service says.
bool lost_under_way(const grpc::Status& status) {
  static constexpr std::array<std::string_view, 8> kWords{
      "GOAWAY",      "Socket closed", "recvmsg:", "sendmsg:",
      "Broken pipe", "reset by peer", "ransport", "keepalive"};
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  const std::string said = status.error_message();
  if (said.find("failed to connect") != said.npos) return false;
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return said.find(word) != said.npos; });
}

Status to_status(const grpc::Status& status) {
  return {static_cast<Code>(status.error_code()), status.error_message()};
}

int milliseconds(base::Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<std::int64_t>(count, 1, std::numeric_limits<int>::max()));
}

grpc::ChannelArguments arguments(const ChannelOptions& options) {
  const auto bytes_max = static_cast<int>(
      std::min<std::uint64_t>(options.message_bytes_max, std::numeric_limits<int>::max()));
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Or a fresh channel would get the old one's connection back, with its back-off.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keepalive));
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(options.keepalive_timeout));
  args.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // The bound of an attempt to connect is called a back-off in gRPC.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, milliseconds(options.connect));
  args.SetMaxReceiveMessageSize(bytes_max);
  args.SetMaxSendMessageSize(bytes_max);
  return args;
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const Target& target,
                                                      const ChannelOptions& options) {
  if (!target.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.ca_pem;
  return grpc::SslCredentials(tls);
}

// gRPC's last shutdown, that of the last channel, joins its threads, of which one may be in a wait
// of ten seconds: a program that ends would stand still. So gRPC is held for as long as the
// process.
void keep_grpc() {
  static const bool kept = (grpc_init(), true);
  static_cast<void>(kept);
}

// What every call says of its caller.
void introduce(const ChannelOptions& options, grpc::ClientContext& context) {
  for (const auto& [key, value] : options.metadata) context.AddMetadata(key, value);
  if (!options.token) return;
  std::string bearer = "Bearer ";
  bearer += options.token->current().reveal();
  context.AddMetadata("authorization", bearer);
  ::OPENSSL_cleanse(bearer.data(), bearer.size());
}

}  // namespace

class Channel::Impl {
 public:
  Impl(net::Executor executor, const net::Clock& clock, ChannelOptions how, Target target)
      : options(std::move(how)),
        executor_(executor),
        clock_(clock),
        target_(std::move(target)),
        deadlines_(executor, clock),
        gate_(std::make_shared<Gate>(executor)) {
    keep_grpc();
  }

  const ChannelOptions options;

  void close() {
    closed_ = true;
    gate_->close();
    for (Waiter* waiter : waiters_) waiter->ended.notify();
  }

  static net::Task<Status> unary(std::shared_ptr<Impl> self, std::string method,
                                 const google::protobuf::MessageLite& request,
                                 google::protobuf::MessageLite& response, base::TimePoint deadline);

 private:
  [[nodiscard]] std::shared_ptr<Line> line_for_call();
  [[nodiscard]] std::shared_ptr<Line> fresh_line();
  void start(Line& line, const std::string& method, const std::shared_ptr<Call>& call,
             base::TimePoint deadline);
  static net::Task<Status> attempt(Impl& self, const std::string& method,
                                   const std::shared_ptr<Call>& call, base::TimePoint deadline);

  net::Executor executor_;
  const net::Clock& clock_;
  Target target_;
  net::Deadlines deadlines_;
  std::shared_ptr<Gate> gate_;
  std::vector<std::shared_ptr<Line>> lines_;  // in use or connecting; the newest last
  base::TimePoint made_ = base::TimePoint::min();
  std::set<Waiter*> waiters_;
  bool closed_ = false;
};

std::shared_ptr<Line> Channel::Impl::fresh_line() {
  if (lines_.size() == kLinesMax) lines_.erase(lines_.begin());
  made_ = clock_.now();
  auto channel = grpc::CreateCustomChannel(target_.host_port, credentials(target_, options),
                                           arguments(options));
  lines_.push_back(std::make_shared<Line>(std::move(channel), made_));
  return lines_.back();
}

// One that is connected, else one that is just about to, else a fresh one. Calls under way keep the
// lines that they began on.
std::shared_ptr<Line> Channel::Impl::line_for_call() {
  std::shared_ptr<Line> usable;
  for (auto at = lines_.rbegin(); at != lines_.rend() && !usable; ++at) {
    if ((*at)->channel->GetState(false) == GRPC_CHANNEL_READY) usable = *at;
  }
  if (usable) {
    lines_.assign(1, usable);
    return usable;
  }
  if (!lines_.empty() && (clock_.now() < made_ + options.fresh_after ||
                          lines_.back()->channel->GetState(false) == GRPC_CHANNEL_IDLE)) {
    return lines_.back();
  }
  std::erase_if(lines_, [](const std::shared_ptr<Line>& line) {
    return line->channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
  });
  return fresh_line();
}

void Channel::Impl::start(Line& line, const std::string& method, const std::shared_ptr<Call>& call,
                          base::TimePoint deadline) {
  constexpr base::Duration kLongest = std::chrono::hours(24);
  const base::TimePoint now = clock_.now();
  const base::Duration wanted = deadline > now + kLongest ? kLongest : deadline - now;
  const auto left = std::chrono::ceil<std::chrono::microseconds>(wanted);
  call->context.set_deadline(std::chrono::system_clock::now() + left);
  line.stub.UnaryCall(&call->context, method, grpc::StubOptions(), &call->request, &call->response,
                      [held = call, gate = gate_](grpc::Status status) mutable {
                        arrive(*gate, Arrival{std::move(held)}, std::move(status));
                      });
}

net::Task<Status> Channel::Impl::attempt(Impl& self, const std::string& method,
                                         const std::shared_ptr<Call>& call,
                                         base::TimePoint deadline) {
  const std::shared_ptr<Line> line = self.line_for_call();
  Waiter waiter(self.executor_);
  const Watch watch(call, waiter, self.waiters_);
  net::Deadline bound(self.deadlines_, [&waiter] { waiter.ended.notify(); });
  bound.set(deadline);
  self.start(*line, method, call, deadline);
  while (!waiter.done && !self.closed_ && !bound.passed()) {
    const bool notified = co_await waiter.ended.wait();
    if (!notified) co_return Status{Code::cancelled, "the caller has gone"};
  }
  if (self.closed_) co_return Status{Code::cancelled, "the channel has gone"};
  Status status{Code::deadline_exceeded, "no answer in time"};
  if (waiter.done) status = to_status(call->status);
  // Silent for a whole call, or ended under it: the next one doesn't take the same connection,
  // which gRPC may still call ready for a moment.
  const bool ended = waiter.done && lost_under_way(call->status);
  if (ended || status.code == Code::deadline_exceeded) std::erase(self.lines_, line);
  co_return status;
}

net::Task<Status> Channel::Impl::unary(std::shared_ptr<Impl> self, std::string method,
                                       const google::protobuf::MessageLite& request,
                                       google::protobuf::MessageLite& response,
                                       base::TimePoint deadline) {
  if (self->closed_) co_return Status{Code::cancelled, "the channel has gone"};
  if (self->clock_.now() >= deadline) {
    co_return Status{Code::deadline_exceeded, "no time is left for the call"};
  }
  grpc::ByteBuffer octets;
  bool own_buffer = false;
  const grpc::Status written =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::MessageLite>(
          request, &octets, &own_buffer);
  if (!written.ok()) co_return to_status(written);
  bool lost_again = self->options.retry_lost;
  bool token_again = self->options.token != nullptr;
  Status status;
  while (true) {
    auto call = std::make_shared<Call>();
    call->request = octets;
    introduce(self->options, call->context);
    status = co_await attempt(*self, method, call, deadline);
    if (status.ok()) {
      const grpc::Status read =
          grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::MessageLite>(
              &call->response, &response);
      if (!read.ok()) status = Status{Code::internal, "the answer is no message of its type"};
      co_return status;
    }
    if (token_again && status.code == Code::unauthenticated && self->options.token->changed()) {
      token_again = false;
      continue;
    }
    const bool unavailable = status.code == Code::unavailable;
    if (!lost_again || !unavailable || !lost_under_way(call->status)) co_return status;
    lost_again = false;
  }
}

base::Result<std::unique_ptr<Channel>> Channel::create(net::Executor executor,
                                                       const net::Clock& clock,
                                                       ChannelOptions options) {
  auto target = parse_target(options.endpoint);
  if (!target) return target.error();
  if (!options.ca_pem.empty()) {
    if (!target->tls) return RpcErrc::ca_without_tls;
    if (!is_pem_of_certificates(options.ca_pem)) return RpcErrc::bad_ca;
  }
  if (options.token && !options.insecure && is_exposed(*target)) return RpcErrc::token_in_clear;
  auto impl = std::make_shared<Impl>(executor, clock, std::move(options), std::move(*target));
  return std::unique_ptr<Channel>(new Channel(std::move(impl)));
}

Channel::Channel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Channel::~Channel() {
  impl_->close();
  Leftovers::all().let_go();
}

net::Task<Status> Channel::unary(std::string_view method,
                                 const google::protobuf::MessageLite& request,
                                 google::protobuf::MessageLite& response,
                                 base::TimePoint deadline) {
  return Impl::unary(impl_, std::string(method), request, response, deadline);
}

const std::string& Channel::endpoint() const { return impl_->options.endpoint; }

}  // namespace sallyport::rpc
