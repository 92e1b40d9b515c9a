#include "simulator/providers/testing/bench.h"

#include <array>

#include "reference/base/check.h"
#include "reference/net/io.h"
#include "reference/net/listener.h"

namespace sallyport::sim::providers::testing {
namespace {

base::UniqueFd listening_socket() {
  auto fd = net::TcpListener::bind(*net::Endpoint::parse("127.0.0.1:0"));
  CHECK(fd.has_value());
  return std::move(*fd);
}

net::Task<std::vector<net::IpAddress>> addresses_of(
    const std::map<std::string, std::vector<net::IpAddress>>* zone, std::string name) {
  const auto found = zone->find(name);
  if (found == zone->end()) co_return std::vector<net::IpAddress>();
  co_return found->second;
}

net::Task<std::string> talk(Bench& bench, net::Endpoint to, std::string bytes, std::string until) {
  net::TcpDialer dialer(bench.loop.executor(), bench.loop.deadlines);
  const std::vector<net::Endpoint> endpoints(1, to);
  auto stream = co_await dialer.dial(endpoints, bench.loop.in(5000));
  CHECK(stream.has_value());
  (*stream)->set_deadline(bench.loop.in(10000));
  (void)co_await net::write_all(**stream, bytes);
  std::string all;
  std::array<std::byte, 4096> piece;  // NOLINT: filled before it is read
  while (until.empty() || all.find(until) == std::string::npos) {
    const auto got = co_await net::read_some(**stream, piece);
    if (!got || *got == 0) break;
    all.append(reinterpret_cast<const char*>(piece.data()), *got);
  }
  co_return all;
}

}  // namespace

Bench::Bench() : authority(wire::Authority::make(base::SystemClock().wall_ms())) {}

Bench::~Bench() {
  for (const auto& provider : providers_) provider->stop();
  for (const auto& decoy : decoys_) decoy->stop();
  loop.poll();
}

Environment Bench::environment() {
  Environment environment{loop.executor(),
                          loop.deadlines,
                          loop.clock,
                          journal,
                          log,
                          *authority,
                          keys,
                          {},
                          {},
                          {},
                          {},
                          1.0};
  environment.host_of = [](const net::Endpoint&) { return "agent"; };
  environment.step_of = [](std::string_view bytes) {
    constexpr std::string_view kMark = "step:";
    const auto at = bytes.find(kMark);
    if (at == std::string_view::npos) return std::string();
    const std::string_view rest = bytes.substr(at + kMark.size());
    return std::string(rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_")));
  };
  environment.resolve = [this](const std::string& name, base::TimePoint) {
    return addresses_of(&zone, name);
  };
  return environment;
}

Provider& Bench::add(ProviderSpec spec) {
  providers_.push_back(
      std::make_unique<Provider>(std::move(spec), environment(), listening_socket()));
  providers_.back()->start();
  return *providers_.back();
}

Decoy& Bench::add(DecoySpec spec) {
  decoys_.push_back(std::make_unique<Decoy>(std::move(spec), environment(), listening_socket()));
  decoys_.back()->start();
  return *decoys_.back();
}

std::string Bench::dialogue(const net::Endpoint& to, std::string bytes, std::string until) {
  return loop.run(talk(*this, to, std::move(bytes), std::move(until)));
}

std::vector<const journal::Event*> Bench::events(std::string source, std::string kind) const {
  std::vector<const journal::Event*> found;
  for (const auto& event : journal.events()) {
    if (event.source == source && event.kind == kind) found.push_back(&event);
  }
  return found;
}

std::string Bench::kinds(std::string_view source) const {
  std::string all;
  for (const auto& event : journal.events()) {
    if (event.source != source) continue;
    if (!all.empty()) all += ' ';
    all += event.kind;
  }
  return all;
}

void Bench::await(const std::string& source, const std::string& kind) {
  bool done = !events(source, kind).empty();
  if (done) return;
  const auto id = journal.subscribe([&](const journal::Event& event) {
    if (event.source == source && event.kind == kind) done = true;
  });
  loop.run_until(done);
  journal.unsubscribe(id);
}

ProviderSpec provider(std::string name) {
  ProviderSpec spec;
  spec.listen = *net::Endpoint::parse("127.0.0.1:0");
  spec.names.push_back(name + ".test");
  spec.name = std::move(name);
  return spec;
}

RouteSpec route(std::string method, std::string path, Answer answer) {
  RouteSpec made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.answers.push_back(std::move(answer));
  return made;
}

std::string text(const journal::Event& event, std::string_view field) {
  const journal::Value* value = event.find(field);
  if (value == nullptr) return {};
  if (const auto* plain = std::get_if<std::string>(value)) return *plain;
  if (const auto* json = std::get_if<journal::Json>(value)) return json->text;
  if (const auto* number = std::get_if<std::int64_t>(value)) return std::to_string(*number);
  return "(headers)";
}

}  // namespace sallyport::sim::providers::testing
