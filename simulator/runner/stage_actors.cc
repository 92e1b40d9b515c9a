// How a stage places its actors: what fake upstreams are given, and where everybody listens.
#include <fmt/format.h>
#include <sys/socket.h>

#include "simulator/runner/stage.h"
#include "simulator/topology/dns_client.h"

namespace sallyport::sim::runner {
namespace {

constexpr std::uint16_t kFirstPort = 17670;

bool up_at_start(const providers::ProviderSpec& spec) { return spec.up; }
bool up_at_start(const providers::DecoySpec&) { return true; }

net::Task<std::vector<net::IpAddress>> addresses_in(Stage* stage, std::string host,
                                                    std::string name, base::TimePoint deadline) {
  const topology::Lookup found =
      co_await topology::lookup(*stage->hosts, stage->loop.executor(), stage->deadlines,
                                std::move(host), std::move(name), deadline);
  co_return found.addresses;
}

}  // namespace

providers::Environment Stage::environment_for(const std::string& actor, const std::string& host) {
  providers::Environment environment{
      loop.executor(), deadlines, clock, journal, log, *authority, {}, {}, {}, {}, {}, 1.0};
  for (const Canary& canary : canaries) {
    if (canary.provider == actor) environment.keys[canary.key] = canary.value;
  }
  environment.host_of = [this, host](const net::Endpoint& peer) {
    return hosts->host_of(peer.address, host);
  };
  environment.step_of = [this](std::string_view bytes) { return step_of(bytes); };
  environment.nonce_of = [this](std::string_view bytes) { return nonce_in(bytes); };
  environment.lookup = lookup();
  environment.resolve = [this, host](const std::string& name, base::TimePoint deadline) {
    return addresses_in(this, host, name, deadline);
  };
  environment.sockets = [this, host](int family) {
    return hosts->socket(host, family, SOCK_STREAM);
  };
  return environment;
}

template <class Actor, class Spec>
std::optional<std::string> Stage::place(std::map<std::string, std::unique_ptr<Actor>>& actors,
                                        const Spec& spec) {
  Spec placed = spec;
  if (placed.listen.port == 0) placed.listen.port = free_port();
  base::UniqueFd socket;
  if (up_at_start(spec)) {
    auto made = hosts->listen_tcp(placed.host, placed.listen);
    if (!made) {
      return fmt::format("{} can't listen on {} in {}: {}", spec.name, placed.listen.to_string(),
                         spec.host, made.error().message());
    }
    socket = std::move(*made);
  }
  actors[spec.name] =
      std::make_unique<Actor>(placed, environment_for(spec.name, spec.host), std::move(socket));
  return std::nullopt;
}

std::optional<std::string> Stage::start_actors() {
  authority = wire::Authority::make(clock.wall_ms());
  world_trust = wire::TlsContext::client(authority->ca_pem());
  for (const providers::ProviderSpec& spec : cell.providers) {
    if (auto trouble_there = place(providers, spec)) return trouble_there;
  }
  for (const providers::DecoySpec& spec : cell.decoys) {
    if (auto trouble_there = place(decoys, spec)) return trouble_there;
  }
  choose_ports();
  name_actors();
  make_processes();
  for (const auto& [name, provider] : providers) provider->start();
  for (const auto& [name, decoy] : decoys) decoy->start();
  name_server =
      std::make_unique<topology::NameServer>(loop.executor(), deadlines, journal, cell.zone);
  name_server->set_step_of([this](const std::string&, const std::string&) { return only_step(); });
  if (const auto started = name_server->start(*hosts); !started) {
    return "the name server can't listen: " + started.error().message();
  }
  return std::nullopt;
}

// An actor may be down when others are told where it is, and come back: ports that aren't written
// are below those that the kernel gives to clients.
std::uint16_t Stage::free_port() {
  if (taken_ports_.empty()) {
    const auto take = [this](const auto& specs) {
      for (const auto& spec : specs) taken_ports_.insert(spec.listen.port);
    };
    take(cell.providers);
    take(cell.decoys);
    take(cell.middleware);
    take(cell.supervisors);
    if (cell.gateway) taken_ports_.insert(cell.gateway->listen.port);
  }
  std::uint16_t next = kFirstPort;
  while (!taken_ports_.insert(next).second) ++next;
  return next;
}

void Stage::choose_ports() {
  if (cell.gateway) process_listeners_[kGateway] = cell.gateway->listen;
  for (const middleware::ServiceSpec& service : cell.middleware)
    process_listeners_[service.name] = service.listen;
  for (auto& [name, at] : process_listeners_) {
    if (at.port == 0) at.port = free_port();
  }
}

}  // namespace sallyport::sim::runner
