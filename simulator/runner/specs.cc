#include "simulator/runner/specs.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::sim::runner {
namespace {

std::string type_of(const providers::ProviderSpec& spec) {
  return spec.record_type.empty() ? "openai" : spec.record_type;
}

std::string base_url_of(const Stage& stage, const providers::ProviderSpec& spec) {
  if (!spec.record_base_url.empty())
    return journal::expand(spec.record_base_url, stage.lookup(), true);
  return stage.variable(spec.name + ".url").value_or("") + "/v1";
}

std::string handed_out_key(const Stage& stage, const std::string& provider) {
  const auto found = stage.control.keys.find(provider);
  return found == stage.control.keys.end() ? std::string()
                                           : key_value(stage, provider, found->second);
}

std::vector<subject::Registration> registrations_of(const Stage& stage) {
  std::vector<subject::Registration> all;
  for (const middleware::ServiceSpec& service : stage.cell.middleware) {
    if (!service.registered) continue;
    const std::string url = stage.variable(service.name + ".url").value_or("");
    const bool with_ca =
        service.tls != middleware::Tls::none && service.trust == middleware::Trust::world;
    all.push_back({service.name, url, service.max_payload, service.timeout,
                   with_ca ? stage.authority->ca_pem() : std::string()});
  }
  return all;
}

subject::ProviderRecord record_of(const Stage& stage, const providers::ProviderSpec& spec) {
  subject::ProviderRecord record;
  record.name = spec.name;
  record.type = type_of(spec);
  for (const std::string& variable : key_variables(spec))
    record.credentials[variable] = handed_out_key(stage, spec.name);
  // A route wants a key, also to a provider that doesn't ask for one.
  if (record.credentials.empty())
    record.credentials[subject::key_variable(record.type)] = "not-a-key";
  record.config[subject::base_url_variable(record.type)] = base_url_of(stage, spec);
  if (!spec.credential.empty()) {
    record.host = stage.variable(spec.name + ".host").value_or("");
    record.port = stage.providers.at(spec.name)->endpoint().port;
  }
  return record;
}

// Empty where the gateway asks for none.
std::string token_of(const Stage& stage, const std::string& holder) {
  for (const Canary& canary : stage.canaries) {
    if (canary.provider == kGateway && canary.key == token_name(holder)) return canary.value;
  }
  return {};
}

subject::Limit limit_of(const std::string& name, const scenario::Supervisor::Limit& limit) {
  return {limit.time, name.find("bytes") != std::string::npos, limit.value};
}

wire::Defect defect_of(middleware::Tls tls) {
  using middleware::Tls;
  switch (tls) {
    case Tls::none:
    case Tls::valid:
      return wire::Defect::none;
    case Tls::expired:
      return wire::Defect::expired;
    case Tls::not_yet_valid:
      return wire::Defect::not_yet_valid;
    case Tls::wrong_name:
      return wire::Defect::wrong_name;
    case Tls::unknown_issuer:
      return wire::Defect::unknown_issuer;
    case Tls::self_signed:
      return wire::Defect::self_signed;
  }
  return wire::Defect::none;
}

bool may_set_route(const scenario::Cell& cell) {
  return std::any_of(cell.steps.begin(), cell.steps.end(), [](const scenario::Step& step) {
    return std::holds_alternative<scenario::SetInference>(step.verb);
  });
}

}  // namespace

const providers::ProviderSpec* provider_spec(const Stage& stage, const std::string& name) {
  const auto found = stage.providers.find(name);
  return found == stage.providers.end() ? nullptr : &found->second->spec();
}

std::vector<std::string> key_variables(const providers::ProviderSpec& spec) {
  std::vector<std::string> variables;
  if (spec.keys.empty()) return variables;
  variables.push_back(subject::key_variable(type_of(spec)));
  if (!spec.credential.empty() && spec.credential != variables.front())
    variables.push_back(spec.credential);
  return variables;
}

std::string key_value(const Stage& stage, const std::string& provider, const std::string& key) {
  return stage.variable(fmt::format("{}.key.{}", provider, key)).value_or("");
}

std::optional<subject::Route> route_of(const Stage& stage, const std::string& supervisor) {
  const auto found = stage.control.routes.find(supervisor);
  if (found == stage.control.routes.end() || !found->second) return std::nullopt;
  const scenario::Inference& inference = *found->second;
  if (stage.control.deleted.contains(inference.provider)) return std::nullopt;
  const providers::ProviderSpec* const spec = provider_spec(stage, inference.provider);
  if (spec == nullptr) return std::nullopt;
  subject::Route route;
  route.base_url = base_url_of(stage, *spec);
  route.model = inference.model;
  route.provider_type = type_of(*spec);
  route.timeout = inference.timeout;
  if (route.provider_type == "anthropic") {
    route.protocols = {"anthropic_messages", "model_discovery"};
  } else {
    route.protocols = {"openai_chat_completions", "openai_completions", "openai_responses",
                       "openai_embeddings", "model_discovery"};
  }
  route.api_key = handed_out_key(stage, spec->name);
  return route;
}

subject::SubjectSpec subject_spec(const Stage& stage, const scenario::Supervisor& given) {
  const journal::Lookup lookup = stage.lookup();
  subject::SubjectSpec spec;
  spec.name = given.name;
  spec.description = stage.options.subject;
  spec.binary = stage.options.supervisor_binary;
  spec.folder = stage.options.run_folder + "/" + given.name;
  spec.host = stage.hosts->view(given.host);
  if (stage.hosts->has(given.serves)) {
    spec.agent_host = stage.hosts->view(given.serves);
    if (stage.hosts->stands(given.serves))
      spec.sandbox_net_namespace = stage.hosts->fd(given.serves);
  }
  const auto link = stage.cell.inner_links.find(given.serves);
  if (link != stage.cell.inner_links.end()) spec.agent_address = link->second.inner;
  spec.listen = given.listen;
  if (stage.cell.gateway) {
    const std::string url = stage.variable(std::string(kGateway) + ".url").value_or("");
    spec.uplink = subject::Uplink{url, given.name, given.poll, token_of(stage, given.name),
                                  !stage.listener_of(kGateway).at.address.is_loopback()};
  } else {
    spec.policy_yaml = journal::expand(stage.control.policies.at(given.name), lookup, true);
    spec.route = route_of(stage, given.name);
    spec.routes_file = may_set_route(stage.cell);
    spec.middleware = registrations_of(stage);
  }
  spec.name_servers = {net::Endpoint{net::IpAddress::v4(0x7f000035), 53}};
  spec.hosts_file = spec.host.hosts;
  spec.upstream_ca_pem = stage.authority->ca_pem();
  spec.private_forward = given.forward == scenario::Supervisor::Forward::private_only;
  spec.identity_required = given.identity_required;
  for (const auto& [name, limit] : given.limits) spec.limits[name] = limit_of(name, limit);
  for (const std::string& argument : given.args)
    spec.arguments.push_back(journal::expand(argument, lookup, true));
  for (const auto& [name, value] : given.environment)
    spec.environment[name] = journal::expand(value, lookup, true);
  spec.slow = stage.options.slow;
  return spec;
}

subject::GatewaySpec gateway_spec(const Stage& stage) {
  const scenario::Gateway& given = *stage.cell.gateway;
  subject::GatewaySpec spec;
  spec.name = kGateway;
  spec.binary = stage.options.gateway_binary;
  spec.folder = stage.options.run_folder + "/" + spec.name;
  spec.host = stage.hosts->view(given.host);
  spec.listen = stage.listener_of(spec.name).at;
  spec.address = stage.variable(spec.name + ".url").value_or("");
  spec.operator_token = token_of(stage, kOperator);
  spec.store_file = given.store_file;
  spec.name_servers = {net::Endpoint{net::IpAddress::v4(0x7f000035), 53}};
  spec.upstream_ca_pem = stage.authority->ca_pem();
  for (const providers::ProviderSpec& provider : stage.cell.providers) {
    spec.providers.push_back(record_of(stage, provider));
  }
  if (stage.cell.inference) {
    const scenario::Inference& inference = *stage.cell.inference;
    spec.route = subject::RouteSetting{inference.provider, inference.model, inference.timeout};
  }
  spec.middleware = registrations_of(stage);
  for (const scenario::Supervisor& supervisor : stage.cell.supervisors) {
    subject::SandboxRecord sandbox;
    sandbox.name = supervisor.name;
    sandbox.token = token_of(stage, supervisor.name);
    const std::string& policy = stage.control.policies.at(supervisor.name);
    sandbox.policy_yaml = journal::expand(policy, stage.lookup(), true);
    for (const providers::ProviderSpec& provider : stage.cell.providers) {
      if (!provider.credential.empty()) sandbox.attached.push_back(provider.name);
    }
    spec.sandboxes.push_back(std::move(sandbox));
  }
  return spec;
}

middleware::ServiceSpec service_spec(const Stage& stage, const middleware::ServiceSpec& written) {
  const journal::Lookup lookup = stage.lookup();
  const auto fill = [&lookup](std::string& text) { text = journal::expand(text, lookup, true); };
  middleware::ServiceSpec spec = written;
  spec.listen = stage.listener_of(written.name).at;
  if (spec.tls != middleware::Tls::none) {
    const std::vector<std::string> names = {own_address(spec.listen).to_string(), spec.name};
    const wire::Leaf leaf = stage.authority->leaf(names, defect_of(spec.tls));
    spec.certificate_pem = leaf.chain_pem;
    spec.key_pem = leaf.key_pem;
  }
  for (std::string& argument : spec.command) fill(argument);
  for (auto& [name, value] : spec.environment) fill(value);
  for (middleware::Verdict& verdict : spec.validate) fill(verdict.reason);
  for (middleware::Reaction& reaction : spec.script) {
    for (auto& [field, matcher] : reaction.where) matcher = journal::expand(matcher, lookup);
    if (reaction.reason) fill(*reaction.reason);
    fill(reaction.reason_code);
    if (reaction.body) fill(*reaction.body);
    for (auto& [before, after] : reaction.replace) fill(after);
    for (middleware::HeaderChange& change : reaction.headers) fill(change.value);
  }
  return spec;
}

middleware::Surroundings surroundings_of(Stage& stage, const middleware::ServiceSpec& service) {
  Stage* const on = &stage;
  const std::string host = service.host;
  middleware::Surroundings surroundings{stage.loop.executor(),
                                        stage.clock,
                                        stage.deadlines,
                                        stage.journal,
                                        stage.hosts->view(host),
                                        stage.options.middleware_binary,
                                        stage.options.run_folder + "/" + service.name,
                                        1.0,  // the loader has scaled the script
                                        {},
                                        {},
                                        {}};
  surroundings.step_of = [on](std::string_view bytes) { return on->step_of(bytes); };
  surroundings.nonce_of = [on](std::string_view bytes) { return on->nonce_in(bytes); };
  surroundings.host_of = [on, host](const net::Endpoint& peer) {
    return on->hosts->host_of(peer.address, host);
  };
  surroundings.scenario_folder = stage.scenario.folder;
  return surroundings;
}

}  // namespace sallyport::sim::runner
