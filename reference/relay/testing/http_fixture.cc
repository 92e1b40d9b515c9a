#include "reference/relay/testing/http_fixture.h"

#include <sys/socket.h>

#include <array>

#include "reference/net/io.h"

namespace sallyport::relay {
namespace {

// An upstream that answers each of `answers` to one request; what it was sent goes to `seen`.
net::Task<void> answer_each(net::Executor executor, net::Deadlines& deadlines, int fd,
                            std::vector<std::string> answers, std::string& seen) {
  net::TcpStream stream(executor, deadlines, base::UniqueFd(fd));
  std::array<std::byte, 4096> bytes;
  for (const std::string& answer : answers) {
    const std::span<std::byte> into(bytes);
    const auto got = co_await net::read_some(stream, into);
    if (!got || *got == 0) co_return;
    seen.append(reinterpret_cast<const char*>(bytes.data()), *got);
    const auto wrote = co_await net::write_all(stream, answer);
    if (!wrote) co_return;
  }
}

}  // namespace

net::Task<base::Result<std::vector<net::IpAddress>>> NoResolver::resolve(std::string host) {
  const auto address = net::IpAddress::parse(host);
  if (!address) co_return base::Error(net::ResolveErrc::not_found);
  std::vector<net::IpAddress> addresses(1, *address);
  co_return addresses;
}

const audit::Event* Events::finding(std::string_view uid) const {
  for (const audit::Event& event : events) {
    if (event.finding && event.finding->uid == uid) return &event;
  }
  return nullptr;
}

std::vector<std::string> Events::decisions() const {
  std::vector<std::string> messages;
  for (const audit::Event& event : events) {
    const bool consent =
        event.message.starts_with("MIDDLEWARE ") && event.action == audit::Action::allowed;
    const bool of_request = event.kind == audit::EventClass::http_activity;
    if (of_request && !consent) messages.push_back(event.message);
  }
  return messages;
}

net::Task<rpc::Status> FakeStage::evaluate(const wire::HttpRequestEvaluation& request,
                                           wire::HttpRequestResult& result, base::TimePoint) {
  asked.push_back(request);
  if (act) co_return act(result);
  result.set_decision(wire::DECISION_ALLOW);
  co_return rpc::Status();
}

net::Task<rpc::Status> FakeStage::validate(const google::protobuf::Struct&, const std::string&,
                                           std::string&, base::TimePoint) {
  co_return rpc::Status();
}

HttpTest::HttpTest() {
  install(make_generation());
  open_tunnel();
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  far_.reset(fds[0]);
  upstream_.adopt(
      std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1])));
}

std::shared_ptr<egress::Generation> HttpTest::make_generation() const {
  auto generation = std::make_shared<egress::Generation>();
  generation->limits.keep_alive_idle = std::chrono::milliseconds(20);
  generation->limits.head_read = std::chrono::milliseconds(200);
  generation->limits.drain = std::chrono::milliseconds(5);
  generation->limits.middleware_body = std::chrono::milliseconds(40);
  policy::Endpoint endpoint;
  endpoint.host = policy::HostPattern::parse("a.example");
  endpoint.ports = {8080};
  policy::Rule rule;
  rule.name = "api";
  rule.binaries.push_back(policy::Binary{"/**", policy::Glob::parse("/**", '/')});
  rule.endpoints.push_back(std::move(endpoint));
  generation->policy.network_policies.emplace("api", std::move(rule));
  middleware::Implementation guard;
  guard.name = "guard";
  guard.external = true;
  guard.bindings.http = middleware::Binding{kLimit, std::chrono::seconds(10)};
  guard.stage = stage_;
  std::map<std::string, middleware::Implementation, std::less<>> all;
  all.emplace("guard", std::move(guard));
  generation->middleware = std::make_shared<middleware::Registry>(std::move(all));
  return generation;
}

void HttpTest::install(std::shared_ptr<egress::Generation> generation) {
  generation->number = generations_.now->number + 1;
  generations_.now = std::move(generation);
  generations_.news().tell();
}

void HttpTest::open_tunnel() {
  grant_.generation = generations_.now;
  grant_.intent.host = "a.example";
  grant_.intent.port = 8080;
  grant_.intent.method = "CONNECT";
  const egress::Identity nobody;
  egress::Decision decision = egress::authorize(grant_.intent, nobody, *grant_.generation);
  ASSERT_TRUE(std::holds_alternative<egress::Allow>(decision));
  grant_.allow = std::get<egress::Allow>(std::move(decision));
}

void HttpTest::add_entry(egress::Generation& generation, const std::string& name,
                         policy::OnError on_error, std::int32_t order) {
  policy::Middleware entry;
  entry.key = entry.name = "entry-" + name;
  entry.implementation = name;
  entry.order = order;
  entry.config_json = "{}";
  entry.on_error = on_error;
  entry.endpoints.include.push_back(*policy::SelectorPattern::parse("*.example"));
  generation.policy.network_middlewares.push_back(std::move(entry));
}

void HttpTest::guard(policy::OnError on_error) {
  auto generation = make_generation();
  add_entry(*generation, "guard", on_error);
  install(std::move(generation));
  open_tunnel();
}

std::shared_ptr<const credentials::Store> HttpTest::store(const std::string& value) {
  credentials::Credential one;
  one.key = "KEY";
  one.identity = "provider:KEY";
  one.value = base::Secret(value);
  one.bindings.push_back(credentials::Binding{"a.example", 8080, "/v1/**"});
  std::vector<credentials::Credential> all;
  all.push_back(std::move(one));
  return std::make_shared<credentials::Store>(1, std::move(all));
}

void HttpTest::from_client(std::string_view text) {
  iovec piece = net::as_iovec(text);
  const auto wrote = client_.first->try_write(std::span<const iovec>(&piece, 1));
  ASSERT_TRUE(wrote && *wrote == text.size());
}

void HttpTest::answer(std::vector<std::string> answers) {
  loop_.spawn(
      answer_each(loop_.executor(), loop_.deadlines, far_.release(), std::move(answers), seen_));
}

void HttpTest::run() {
  client_.first->shutdown_write();
  run_open();
}

void HttpTest::run_open() { loop_.run(relay_http(services_, grant_, 80, inlet_, upstream_)); }

std::string HttpTest::sent_up() {
  std::array<char, 4096> bytes{};
  const ssize_t got = ::recv(far_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
}

}  // namespace sallyport::relay
