#include "simulator/runner/stage.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "reference/base/check.h"
#include "simulator/runner/firewall_steps.h"
#include "simulator/runner/specs.h"

namespace sallyport::sim::runner {
namespace {

constexpr std::string_view kNoncePrefix = "spn";
constexpr std::size_t kNonceOctets = 8;
constexpr std::size_t kNonceLength = kNoncePrefix.size() + 2 * kNonceOctets;

std::uint64_t seed_of(const scenario::Scenario& scenario, const scenario::Cell& cell,
                      std::optional<std::uint64_t> given) {
  std::uint64_t hash = given.value_or(scenario.seed) ^ 0xcbf29ce484222325U;
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
  for (const scenario::Supervisor& supervisor : cell.supervisors)
    add_address(hosts, cell, supervisor.host, supervisor.listen.address);
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
      random(seed_of(of, one, options.seed)) {
  variables["run.nonce"] = random.hex(kNonceOctets);
  variables["run.dir"] = options.run_folder;
  mint_keys();
  for (const scenario::Supervisor& supervisor : cell.supervisors) {
    control.policies[supervisor.name] = supervisor.policy_yaml;
    control.routes[supervisor.name] = supervisor.inference;
  }
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
  if (!cell.gateway || !cell.gateway->tokens) return;
  const auto mint = [this](const std::string& holder) {
    canaries.push_back({kGateway, token_name(holder), "tk-canary-" + random.hex(24)});
  };
  mint(kOperator);
  for (const scenario::Supervisor& supervisor : cell.supervisors) mint(supervisor.name);
}

std::optional<std::string> Stage::build_hosts() {
  const std::string folder = options.run_folder + "/hosts";
  ::mkdir(folder.c_str(), 0755);
  std::string about;
  auto built = topology::Hosts::build(hosts_with_addresses(cell), cell.networks, folder, about);
  if (!built) return fmt::format("host {}: {}", about, built.error().message());
  hosts.emplace(std::move(*built));
  faults.emplace(loop.executor(), clock);
  hops.emplace(loop.executor(), deadlines);
  watch_for_escapes();
  return put_up_firewall(*this);
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
  if (const auto installed = guard->install(*hosts, rules_ever(cell), about); !installed)
    guard_off = fmt::format("{}: {}", about, installed.error().message());
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
  for (const scenario::Supervisor& supervisor : cell.supervisors) {
    subjects[supervisor.name] = std::make_unique<subject::Subject>(
        subject_spec(*this, supervisor), loop.executor(), deadlines, journal,
        [this, name = supervisor.name] { return step_behind(name); });
  }
}

void Stage::drain() {
  if (guard) guard->drain();
  if (firewall) firewall->drain();
  if (faults) faults->drain();
  for (const auto& [name, service] : services) service->drain_events();
  if (gateway) gateway->process().drain();
  for (const auto& [name, subject] : subjects) subject->drain();
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
    const bool tls = std::any_of(cell.middleware.begin(), cell.middleware.end(),
                                 [&](const middleware::ServiceSpec& one) {
                                   return one.name == actor && one.tls != middleware::Tls::none;
                                 });
    name(actor, (tls ? "https://" : "http://") + authority_of(address, at.port, tls), address, at);
  }
  for (const scenario::Supervisor& supervisor : cell.supervisors) {
    const net::Endpoint at = supervisor.listen;
    name(supervisor.name, "http://" + at.to_string(), at.address.to_string(), at);
  }
}

std::optional<std::string> Stage::variable(std::string_view name) const {
  const auto found = variables.find(std::string(name));
  if (found != variables.end()) return found->second;
  constexpr std::string_view kPlaceholder = ".placeholder";
  if (!name.ends_with(kPlaceholder)) return std::nullopt;
  name.remove_suffix(kPlaceholder.size());
  // The subject writes it, perhaps anew, once it knows of the credential.
  for (const providers::ProviderSpec& spec : cell.providers) {
    if (spec.name != name || spec.credential.empty()) continue;
    for (const auto& [supervisor, subject] : subjects) {
      for (const auto& [variable, value] : subject->agent_environment()) {
        if (variable == spec.credential) return value;
      }
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

std::string Stage::step_behind(const std::string& supervisor) const {
  if (cell.supervisors.size() < 2) return only_step();
  const auto behind = [&](const std::string& name) {
    const auto step = std::find_if(cell.steps.begin(), cell.steps.end(),
                                   [&name](const scenario::Step& one) { return one.name == name; });
    if (step == cell.steps.end()) return false;
    if (step->via == supervisor) return true;
    const subject::Subject* const serves = step->via == "auto" ? serving(step->from) : nullptr;
    return serves != nullptr && serves->spec().name == supervisor;
  };
  std::vector<std::string> steps;
  std::copy_if(under_way.begin(), under_way.end(), std::back_inserter(steps), behind);
  if (steps.empty() && under_way.empty() && behind(last_under_way)) return last_under_way;
  return steps.size() == 1 ? steps.front() : std::string();
}

std::string Stage::only_step() const {
  if (under_way.empty()) return last_under_way;
  return under_way.size() == 1 ? *under_way.begin() : std::string();
}

subject::Subject* Stage::serving(std::string_view host) const {
  for (const scenario::Supervisor& supervisor : cell.supervisors) {
    const auto found = subjects.find(supervisor.name);
    if (supervisor.serves == host && found != subjects.end()) return found->second.get();
  }
  return nullptr;
}

std::shared_ptr<wire::TlsContext> Stage::trust_of(const std::string& supervisor) const {
  const auto found = sandbox_trust.find(supervisor);
  return found == sandbox_trust.end() ? nullptr : found->second;
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
  const scenario::Supervisor* const supervisor = scenario::supervisor_named(cell, actor);
  CHECK(supervisor != nullptr);
  return {supervisor->host, supervisor->listen};
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
  for (const scenario::Supervisor& supervisor : cell.supervisors) {
    if (listens(supervisor.listen)) return supervisor.name;
  }
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
