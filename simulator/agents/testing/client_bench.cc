#include "simulator/agents/testing/client_bench.h"

#include <array>
#include <boost/asio/post.hpp>
#include <charconv>

#include "reference/base/check.h"
#include "reference/net/io.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::agents::testing {
namespace {

base::UniqueFd loopback_socket() {
  auto fd = net::TcpListener::bind(*net::Endpoint::parse("127.0.0.1:0"));
  CHECK(fd.has_value());
  return std::move(*fd);
}

net::Task<void> relay(net::ByteStream& from, net::ByteStream& to) {
  std::array<std::byte, 4096> piece;  // NOLINT: filled before it is read
  while (true) {
    const auto got = co_await net::read_some(from, piece);
    if (!got) to.abort();
    if (!got) co_return;
    if (*got == 0) break;
    const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), *got);
    const auto wrote = co_await net::write_all(to, bytes);
    if (wrote.has_error()) co_return;
  }
  to.shutdown_write();
}

net::Task<void> relay_shared(std::shared_ptr<net::ByteStream> from,
                             std::shared_ptr<net::ByteStream> to) {
  co_await relay(*from, *to);
}

// The port in `CONNECT host:PORT` or `GET http://host:PORT/`.
std::uint16_t port_of(const std::string& head) {
  const auto target = head.find(' ') + 1;
  const auto scheme = head.find("://", target);
  const auto colon = head.find(':', scheme == std::string::npos ? target : scheme + 3);
  std::uint16_t port = 0;
  std::from_chars(head.data() + colon + 1, head.data() + head.size(), port);
  return port;
}

}  // namespace

ClientBench::ClientBench() : trust_(wire::TlsContext::client(authority->ca_pem())) {}

ClientBench::~ClientBench() { pool.clear(); }

ClientContext ClientBench::context(std::string step) {
  ClientContext made{.step = step,
                     .nonce = "step:" + step,
                     .journal = journal,
                     .clock = loop.clock,
                     .executor = loop.executor(),
                     .connect = {},
                     .resolve = {},
                     .via = {},
                     .trust = trust_,
                     .actor_at = {},
                     .pool = &pool,
                     .timeout = timeout,
                     .from = "agent"};
  made.connect = [this](net::Endpoint to, base::TimePoint at) { return dial(to, at); };
  made.resolve = [this](std::string name, base::TimePoint) { return look_up(std::move(name)); };
  return made;
}

Facts ClientBench::perform(const RequestSpec& spec) {
  ClientContext with = context();
  return perform(spec, with);
}

Facts ClientBench::perform(const RequestSpec& spec, ClientContext& with) {
  return loop.run(agents::perform(spec, with));
}

Facts ClientBench::perform(const RawSpec& spec) {
  ClientContext with = context();
  return perform(spec, with);
}

Facts ClientBench::perform(const RawSpec& spec, ClientContext& with) {
  return loop.run(agents::perform(spec, with));
}

Facts ClientBench::perform(const WebSocketSpec& spec) {
  ClientContext with = context();
  return perform(spec, with);
}

Facts ClientBench::perform(const WebSocketSpec& spec, ClientContext& with) {
  return loop.run(agents::perform(spec, with));
}

Facts ClientBench::get(const std::string& url) {
  RequestSpec spec;
  spec.url = url;
  return perform(spec);
}

net::Task<Dialled> ClientBench::dial(net::Endpoint to, base::TimePoint deadline) {
  net::TcpDialer dialer(loop.executor(), loop.deadlines);
  const std::vector<net::Endpoint> endpoints(1, to);
  auto stream = co_await dialer.dial(endpoints, deadline);
  Dialled dialled;
  if (stream) dialled.stream = std::move(*stream);
  if (!stream) dialled.error = stream.error().value();
  dialled.expired = !dialled.stream && loop.clock.now() >= deadline;
  co_return dialled;
}

net::Task<Resolved> ClientBench::look_up(std::string name) {
  const auto found = names.find(name);
  Resolved resolved;
  resolved.rcode = "NXDOMAIN";
  if (found != names.end()) resolved = found->second;
  co_return resolved;
}

FakeProxy::FakeProxy(ClientBench& bench, std::string answer)
    : bench_(bench),
      answer_(std::move(answer)),
      listener_(bench.loop.executor(), bench.loop.deadlines, loopback_socket()),
      tasks_(bench.loop.executor(), bench.log) {
  tasks_.spawn(accept_all());
}

FakeProxy::~FakeProxy() {
  net::asio::post(bench_.loop.executor(), [this] { tasks_.force(); });
  bench_.loop.poll();
}

Via FakeProxy::via() const { return Via{"proxy", listener_.local_endpoint()}; }

net::Task<void> FakeProxy::accept_all() {
  while (true) {
    auto accepted = co_await listener_.accept();
    if (!accepted) co_return;
    tasks_.spawn(serve(std::move(*accepted)));
  }
}

net::Task<void> FakeProxy::serve(std::unique_ptr<net::TcpStream> accepted) {
  const std::shared_ptr<net::ByteStream> client = std::move(accepted);
  std::string head;
  std::array<std::byte, 4096> piece;  // NOLINT: filled before it is read
  while (head.find("\r\n\r\n") == std::string::npos) {
    const auto got = co_await net::read_some(*client, piece);
    if (!got || *got == 0) co_return;
    head.append(reinterpret_cast<const char*>(piece.data()), *got);
  }
  if (head_.empty()) head_ = head;
  if (answer_ != "tunnel") {
    (void)co_await net::write_all(*client, answer_);
    client->shutdown_write();
    (void)co_await net::read_some(*client, piece);
    co_return;
  }
  const auto loopback = *net::IpAddress::parse("127.0.0.1");
  const net::Endpoint to{loopback, port_of(head)};
  net::TcpDialer dialer(bench_.loop.executor(), bench_.loop.deadlines);
  const std::vector<net::Endpoint> endpoints(1, to);
  auto dialled = co_await dialer.dial(endpoints, bench_.loop.in(1000));
  if (!dialled) co_return;
  const std::shared_ptr<net::ByteStream> upstream = std::move(*dialled);
  const std::string first = head.starts_with("CONNECT") ? std::string() : head;
  if (first.empty()) (void)co_await net::write_all(*client, "HTTP/1.1 200 Fine\r\n\r\n");
  if (!first.empty()) (void)co_await net::write_all(*upstream, first);
  tasks_.spawn(relay_shared(client, upstream));
  co_await relay(*upstream, *client);
}

std::string fact(const Facts& facts, std::string_view name) {
  const auto found = facts.find(name);
  if (found == facts.end()) return "-";
  if (const auto* text = std::get_if<std::string>(&found->second)) return *text;
  if (const auto* json = std::get_if<journal::Json>(&found->second)) return json->text;
  if (const auto* number = std::get_if<std::int64_t>(&found->second)) {
    return std::to_string(*number);
  }
  return "(headers)";
}

}  // namespace sallyport::sim::agents::testing
