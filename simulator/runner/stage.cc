#include "simulator/runner/stage.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "reference/base/check.h"
#include "simulator/runner/specs.h"

namespace sallyport::sim::runner {
namespace {

constexpr std::string_view kNoncePrefix = "spn";
constexpr std::size_t kNonceOctets = 8;
constexpr std::size_t kNonceLength = kNoncePrefix.size() + 2 * kNonceOctets;

std::uint64_t seed_of(const scenario::Scenario& scenario, const scenario::Cell& cell) {
  std::uint64_t hash = scenario.seed ^ 0xcbf29ce484222325U;
  for (const char c : cell.name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

std::string authority_of(const std::string& host, std::uint16_t port, bool tls) {
  const bool default_port = port == (tls ? 443 : 80);
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return default_port ? name : fmt::format("{}:{}", name, port);
}

// Adds an address that an actor names to its host, unless it is there by nature.
void add_address(std::vector<topology::HostSpec>& hosts, const scenario::Cell& cell,
                 const std::string& host, const net::IpAddress& address) {
  if (address.is_loopback() || address.is_unspecified()) return;
  for (const auto& [inner, link] : cell.inner_links) {
    if (address == link.outer || address == link.inner) return;
  }
  for (topology::HostSpec& spec : hosts) {
    if (spec.name != host) continue;
    const auto has = [&address](const auto& known) { return known.first == address; };
    if (std::any_of(spec.addresses.begin(), spec.addresses.end(), has)) return;
    spec.addresses.emplace_back(address, address.is_v4() ? 32 : 128);
  }
}

std::vector<topology::HostSpec> hosts_with_addresses(const scenario::Cell& cell) {
  std::vector<topology::HostSpec> hosts = cell.hosts;
  for (const providers::ProviderSpec& provider : cell.providers) {
    add_address(hosts, cell, provider.host, provider.listen.address);
  }
  for (const providers::DecoySpec& decoy : cell.decoys) {
    add_address(hosts, cell, decoy.host, decoy.listen.address);
  }
  for (const middleware::ServiceSpec& service : cell.middleware) {
    add_address(hosts, cell, service.host, service.listen.address);
  }
  if (cell.gateway) add_address(hosts, cell, cell.gateway->host, cell.gateway->listen.address);
  if (cell.supervisor)
    add_address(hosts, cell, cell.supervisor->host, cell.supervisor->listen.address);
  return hosts;
}

}  // namespace

net::IpAddress own_address(const net::Endpoint& listen) {
  return listen.address.is_unspecified() ? net::IpAddress::v4(0x7f000001) : listen.address;
}

std::string url_of(const providers::ProviderSpec& spec, std::uint16_t port) {
  const bool tls = spec.tls != providers::TlsKind::none;
  const std::string host =
      spec.names.empty() ? own_address(spec.listen).to_string() : spec.names.front();
  return fmt::format("{}://{}", tls ? "https" : "http", authority_of(host, port, tls));
}

Stage::Stage(const scenario::Scenario& of, const scenario::Cell& one, StageOptions given)
    : scenario(of),
      cell(one),
      options(std::move(given)),
      journal(journal_clock),
      clock(loop.executor()),
      deadlines(loop.executor(), clock),
      log(base::LogLevel::warning),
      group(loop.executor(), log),
      random(seed_of(of, one)) {
  variables["run.nonce"] = random.hex(kNonceOctets);
  variables["run.dir"] = options.run_folder;
  mint_keys();
  control.policy_yaml = cell.policy_yaml;
  control.inference = cell.inference;
  for (const providers::ProviderSpec& provider : cell.providers) {
    if (!provider.keys.empty()) control.keys[provider.name] = provider.keys.front();
  }
}

Stage::~Stage() = default;

void Stage::mint_keys() {
  for (const providers::ProviderSpec& provider : cell.providers) {
    for (const std::string& key : provider.keys) {
      std::string value = fmt::format("sk-canary-{}", random.hex(16));
      variables[fmt::format("{}.key.{}", provider.name, key)] = value;
      canaries.push_back({provider.name, key, std::move(value)});
    }
  }
}

std::optional<std::string> Stage::build_hosts() {
  const std::string folder = options.run_folder + "/hosts";
  ::mkdir(folder.c_str(), 0755);
  std::string about;
  auto built = topology::Hosts::build(hosts_with_addresses(cell), folder, about);
  if (!built) return fmt::format("host {}: {}", about, built.error().message());
  hosts.emplace(std::move(*built));
  faults.emplace(loop.executor(), clock);
  watch_for_escapes();
  return std::nullopt;
}

void Stage::watch_for_escapes() {
  guard.emplace(loop.executor(), [this](const topology::Escape& packet) {
    escapes.push_back({packet, {under_way.begin(), under_way.end()}, last_under_way});
    journal::Event event;
    event.source = packet.host;
    event.source_type = "host";
    event.kind = "escape";
    event.step = only_step();
    event.fields["protocol"] = packet.protocol;
    event.fields["to"] = net::Endpoint{packet.to, packet.port}.to_string();
    journal.append(std::move(event));
  });
  std::string about;
  if (const auto installed = guard->install(*hosts, about); !installed)
    guard_off = fmt::format("{}: {}", about, installed.error().message());
}

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
  return environment;
}

template <class Actor, class Spec>
std::optional<std::string> Stage::place(std::map<std::string, std::unique_ptr<Actor>>& actors,
                                        const Spec& spec) {
  auto socket = hosts->listen_tcp(spec.host, spec.listen);
  if (!socket) {
    return fmt::format("{} can't listen on {} in {}: {}", spec.name, spec.listen.to_string(),
                       spec.host, socket.error().message());
  }
  actors[spec.name] =
      std::make_unique<Actor>(spec, environment_for(spec.name, spec.host), std::move(*socket));
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

// Gateway and services are processes that may be down when others are told where they are. Their
// ports are below those that the kernel gives to clients.
void Stage::choose_ports() {
  constexpr std::uint16_t kFirstPort = 17670;
  if (cell.gateway) process_listeners_[kGateway] = cell.gateway->listen;
  for (const middleware::ServiceSpec& service : cell.middleware)
    process_listeners_[service.name] = service.listen;
  std::set<std::uint16_t> taken;
  for (const auto& [name, provider] : providers) taken.insert(provider->endpoint().port);
  for (const auto& [name, decoy] : decoys) taken.insert(decoy->endpoint().port);
  if (cell.supervisor) taken.insert(cell.supervisor->listen.port);
  for (const auto& [name, at] : process_listeners_) taken.insert(at.port);
  std::uint16_t next = kFirstPort;
  for (auto& [name, at] : process_listeners_) {
    if (at.port != 0) continue;
    while (taken.contains(next)) ++next;
    at.port = next;
    taken.insert(next);
  }
}

void Stage::make_processes() {
  if (cell.gateway) {
    gateway = std::make_unique<subject::Gateway>(gateway_spec(*this), loop.executor(), clock,
                                                 deadlines, journal);
  }
  for (const middleware::ServiceSpec& service : cell.middleware) {
    services[service.name] = std::make_unique<middleware::Service>(service_spec(*this, service),
                                                                   surroundings_of(*this, service));
  }
  if (cell.supervisor) {
    subject = std::make_unique<subject::Subject>(subject_spec(*this), loop.executor(), deadlines,
                                                 journal, [this] { return only_step(); });
  }
}

void Stage::drain() {
  if (guard) guard->drain();
  if (faults) faults->drain();
  for (const auto& [name, service] : services) service->drain_events();
  if (gateway) gateway->process().drain();
  if (subject) subject->process().drain();
}

void Stage::name_actors() {
  const auto name = [this](const std::string& actor, const std::string& url,
                           const std::string& host, const net::Endpoint& at) {
    variables[actor + ".url"] = url;
    variables[actor + ".host"] = host;
    variables[actor + ".address"] = own_address(at).to_string();
    variables[actor + ".port"] = std::to_string(at.port);
  };
  for (const auto& [actor, provider] : providers) {
    const providers::ProviderSpec& spec = provider->spec();
    const net::Endpoint at{spec.listen.address, provider->endpoint().port};
    name(actor, url_of(spec, at.port),
         spec.names.empty() ? own_address(at).to_string() : spec.names.front(), at);
  }
  for (const auto& [actor, decoy] : decoys) {
    const net::Endpoint at = decoy->endpoint();
    const std::string host = own_address(at).to_string();
    name(actor, "http://" + authority_of(host, at.port, false), host, at);
  }
  for (const auto& [actor, at] : process_listeners_) {
    const std::string address = own_address(at).to_string();
    name(actor, "http://" + authority_of(address, at.port, false), address, at);
  }
  if (cell.supervisor) {
    const net::Endpoint at = cell.supervisor->listen;
    name(cell.supervisor->name, "http://" + at.to_string(), at.address.to_string(), at);
  }
}

std::optional<std::string> Stage::variable(std::string_view name) const {
  const auto found = variables.find(std::string(name));
  if (found != variables.end()) return found->second;
  constexpr std::string_view kPlaceholder = ".placeholder";
  if (!name.ends_with(kPlaceholder) || !subject) return std::nullopt;
  name.remove_suffix(kPlaceholder.size());
  // The subject writes it, perhaps anew, once it knows of the credential.
  for (const providers::ProviderSpec& spec : cell.providers) {
    if (spec.name != name || spec.credential.empty()) continue;
    for (const auto& [variable, value] : subject->agent_environment()) {
      if (variable == spec.credential) return value;
    }
  }
  return std::nullopt;
}

journal::Lookup Stage::lookup() const {
  return [this](std::string_view name) { return variable(name); };
}

journal::Lookup Stage::step_lookup(const std::string& nonce) const {
  return [this, nonce](std::string_view name) -> std::optional<std::string> {
    if (name == "step.nonce") return nonce;
    return variable(name);
  };
}

std::string Stage::mint_nonce(const std::string& step) {
  std::string nonce = std::string(kNoncePrefix) + random.hex(kNonceOctets);
  nonces_[nonce] = step;
  return nonce;
}

std::string Stage::nonce_in(std::string_view bytes) const {
  for (std::size_t at = bytes.find(kNoncePrefix); at != std::string_view::npos;
       at = bytes.find(kNoncePrefix, at + 1)) {
    const auto found = nonces_.find(bytes.substr(at, kNonceLength));
    if (found != nonces_.end()) return found->first;
  }
  return {};
}

std::string Stage::step_of(std::string_view bytes) const {
  const auto found = nonces_.find(nonce_in(bytes));
  return found != nonces_.end() ? found->second : only_step();
}

std::string Stage::only_step() const {
  if (under_way.empty()) return last_under_way;
  return under_way.size() == 1 ? *under_way.begin() : std::string();
}

subject::Subject* Stage::serving(std::string_view host) const {
  const bool serves = subject && cell.supervisor && cell.supervisor->serves == host;
  return serves ? subject.get() : nullptr;
}

Stage::Listener Stage::listener_of(const std::string& actor) const {
  if (const auto found = providers.find(actor); found != providers.end())
    return {found->second->spec().host, found->second->endpoint()};
  for (const providers::DecoySpec& decoy : cell.decoys) {
    if (decoy.name == actor) return {decoy.host, decoys.at(actor)->endpoint()};
  }
  if (cell.gateway && actor == kGateway) return {cell.gateway->host, process_listeners_.at(actor)};
  for (const middleware::ServiceSpec& service : cell.middleware) {
    if (service.name == actor) return {service.host, process_listeners_.at(actor)};
  }
  CHECK(cell.supervisor && cell.supervisor->name == actor);
  return {cell.supervisor->host, cell.supervisor->listen};
}

std::string Stage::actor_at(const net::Endpoint& endpoint) const {
  const auto listens = [&endpoint](const net::Endpoint& at) {
    return at.port == endpoint.port &&
           (at.address == endpoint.address || at.address.is_unspecified());
  };
  for (const auto& [name, provider] : providers) {
    if (listens(provider->endpoint())) return name;
  }
  for (const auto& [name, decoy] : decoys) {
    if (listens(decoy->endpoint())) return name;
  }
  for (const auto& [name, at] : process_listeners_) {
    if (listens(at)) return name;
  }
  if (cell.supervisor && listens(cell.supervisor->listen)) return cell.supervisor->name;
  return {};
}

void Stage::note(const std::string& step, std::string kind, journal::Fields fields) {
  journal::Event event;
  event.source = step;
  event.source_type = "step";
  event.kind = std::move(kind);
  event.step = step;
  event.fields = std::move(fields);
  journal.append(std::move(event));
}

}  // namespace sallyport::sim::runner
