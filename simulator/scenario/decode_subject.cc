// The subject, the gateway that configures it, and what they are given.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/limits.h"
#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

void decode_limit(const Entry& entry, Supervisor& supervisor, Context& context) {
  const std::span<const base::LimitField> fields(base::limit_fields());
  const base::LimitField* field = find_by_name(fields, entry.key);
  if (field == nullptr) {
    const auto names = names_of(fields);
    context.complaints.at_key(entry, fmt::format("there is no limit \"{}\"{}", entry.key,
                                                 base::suggestion(entry.key, names)));
    return;
  }
  Supervisor::Limit limit;
  limit.time = field->time != nullptr;
  if (limit.time) {
    limit.value = as_duration(*entry.value, context.complaints).value_or(base::Duration(0)).count();
  } else if (entry.value->is_scalar() && base::parse_size(entry.value->text)) {
    limit.value = static_cast<std::int64_t>(*base::parse_size(entry.value->text));
  } else {
    limit.value =
        static_cast<std::int64_t>(as_integer(*entry.value, context.complaints).value_or(0));
  }
  supervisor.limits[entry.key] = limit;
}

// What listens on a loopback address of another host can't be reached by the supervisor.
void check_reachable(const Node& where, const std::string& name, const std::string& host,
                     const net::Endpoint& listen, const Supervisor& supervisor, Context& context) {
  if (!listen.address.is_loopback()) return;
  if (real_host(host, context.cell) == real_host(supervisor.host, context.cell)) return;
  if (!context.hosts.contains(host)) return;
  context.complaints.at(where,
                        fmt::format("\"{}\" listens on {} of \"{}\", where the supervisor in "
                                    "\"{}\" can't reach it; give it a \"listen\"",
                                    name, listen.address.to_string(), host, supervisor.host));
}

bool has_start(const std::string& actor, const Cell& cell) {
  return std::any_of(cell.steps.begin(), cell.steps.end(), [&](const Step& step) {
    const auto* control = std::get_if<ProcessControl>(&step.verb);
    return control != nullptr && control->actor == actor &&
           control->kind != ProcessControl::Kind::stop;
  });
}

// A proxy that this supervisor's own connections go by.
void decode_upstream(Reader& reader, Supervisor& supervisor, Context& context) {
  const Node* node = reader.get("upstream_proxy");
  if (node == nullptr || node->is_word("none")) return;
  supervisor.upstream_proxy = provider_at(node, context);
  for (const providers::ProviderSpec& provider : context.cell.providers) {
    if (provider.name != supervisor.upstream_proxy) continue;
    if (provider.dialect == providers::Dialect::proxy) return;
    context.complaints.at(*node, fmt::format("\"{}\" is no proxy; give it dialect: proxy",
                                             supervisor.upstream_proxy));
  }
}

// Its own policy and route, else the scenario's.
void decode_configuration(const Node& root, Reader& reader, Supervisor& supervisor,
                          Context& context) {
  const Node* policy = reader.get("policy");
  supervisor.policy_yaml =
      policy == nullptr ? context.cell.policy_yaml : policy_of(*policy, context);
  const Node* route = reader.get("inference");
  supervisor.inference = route == nullptr ? context.cell.inference : inference_of(*route, context);
  const Node* gateway = root.find("gateway");
  if (route != nullptr && gateway != nullptr && !gateway->is_word("none")) {
    context.complaints.at(*route,
                          "a gateway has one route for every supervisor; write \"inference\" at "
                          "the top, or leave the gateway out");
  }
}

void decode_supervisor(const Node& root, const Node& node, const std::string& name,
                       Context& context) {
  Reader reader(node, keys::supervisor(), context.complaints);
  Supervisor supervisor;
  supervisor.name = name;
  supervisor.host = host_at(reader, "host", "box", context);
  supervisor.serves = host_at(reader, "serves", "agent", context);
  supervisor.up = reader.word("initially", "up") == "up";
  supervisor.poll = reader.duration("poll", supervisor.poll);
  if (supervisor.poll.count() <= 0) {
    context.complaints.at(*reader.get("poll"), "\"poll\" must be more than nothing");
  }
  if (const Node* listen = reader.get("listen")) {
    supervisor.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  supervisor.forward = reader.choice("forward", Supervisor::Forward::shared);
  supervisor.identity_required = reader.word("identity", "endpoints_only") == "required";
  supervisor.args = reader.texts("args");
  for (auto& [variable, value] : reader.pairs("environment")) {
    supervisor.environment[variable] = value;
  }
  if (const Node* limits = reader.get("limits")) {
    if (!limits->is_map()) context.complaints.at(*limits, "\"limits\" is a map from name to value");
    for (const Entry& entry : limits->entries) decode_limit(entry, supervisor, context);
  }
  decode_upstream(reader, supervisor, context);
  supervisor.rlimits = decode_rlimits(reader);
  decode_configuration(root, reader, supervisor, context);
  context.cell.supervisors.push_back(std::move(supervisor));
}

void check_served(const Node& supervisors, Context& context) {
  std::map<std::string, std::string> by_host;
  for (const Supervisor& one : context.cell.supervisors) {
    const auto [other, is_new] = by_host.emplace(real_host(one.serves, context.cell), one.name);
    if (is_new) continue;
    context.complaints.at(
        *supervisors.find(one.name),
        fmt::format("\"{}\" and \"{}\" both serve \"{}\"", other->second, one.name, one.serves));
  }
}

// A host that the subject makes is there only if one serves it.
void check_made(const Node& hosts, Context& context) {
  const Cell& cell = context.cell;
  for (const topology::HostSpec& host : cell.hosts) {
    if (!host.made_by_subject) continue;
    const bool served = std::any_of(cell.supervisors.begin(), cell.supervisors.end(),
                                    [&](const Supervisor& one) { return one.serves == host.name; });
    if (served) continue;
    context.complaints.at(*hosts.find(host.name),
                          fmt::format("\"{}\" is made by the supervisor that serves it, and none "
                                      "does",
                                      host.name));
  }
}

}  // namespace

std::map<std::string, std::uint64_t> decode_rlimits(Reader& reader) {
  const Node* node = reader.get("rlimits");
  if (node == nullptr) return {};
  std::map<std::string, std::uint64_t> out;
  Reader inner(*node, keys::rlimits(), reader.complaints());
  if (inner.has("nofile")) out["nofile"] = inner.integer("nofile", 1, 1);
  return out;
}

void decode_gateway(const Node& node, Context& context) {
  if (node.is_word("none")) return;
  Reader reader(node, keys::gateway(), context.complaints);
  Gateway gateway;
  gateway.host = host_at(reader, "host", "box", context);
  if (const Node* listen = reader.get("listen")) {
    gateway.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  gateway.up = reader.word("initially", "up") == "up";
  gateway.store_file = reader.word("store", "memory") == "file";
  gateway.tokens = reader.boolean("tokens", gateway.tokens);
  gateway.rlimits = decode_rlimits(reader);
  context.cell.gateway = std::move(gateway);
}

void decode_supervisors(const Node& root, Context& context) {
  context.cell.inference = inference_of(*root.find("inference"), context);
  context.cell.policy_yaml = policy_of(*root.find("policy"), context);
  const Node* many = root.find("supervisors");
  if (many == nullptr) {
    const Node& one = *root.find("supervisor");
    if (!one.is_word("none")) decode_supervisor(root, one, "supervisor", context);
  } else if (!many->is_map() || many->entries.empty()) {
    context.complaints.at(*many, "\"supervisors\" is a map from name to supervisor");
  } else {
    for (const Entry& entry : many->entries) {
      decode_supervisor(root, *entry.value, entry.key, context);
    }
    check_served(*many, context);
  }
  check_made(*root.find("hosts"), context);
}

std::optional<Inference> inference_of(const Node& node, Context& context) {
  if (node.is_word("none")) return std::nullopt;
  Reader reader(node, keys::inference(), context.complaints);
  Inference inference;
  inference.provider = provider_at(reader.require("provider"), context);
  inference.model = reader.text("model");
  if (reader.has("timeout")) inference.timeout = reader.duration("timeout", base::Duration(0));
  if (context.cell.gateway && inference.timeout &&
      *inference.timeout % std::chrono::seconds(1) != base::Duration(0)) {
    context.complaints.at(*node.find("timeout"),
                          "with a gateway a route's timeout is in whole seconds; leave the gateway "
                          "out for a shorter one");
  }
  return inference;
}

std::string policy_of(const Node& policy, Context& context) {
  if (policy.is_map()) return to_yaml_text(policy);
  context.complaints.at(policy, "a policy is a map, or the path of one");
  return {};
}

void check_subjects(const Node& root, Context& context) {
  const Cell& cell = context.cell;
  const Node* many = root.find("supervisors");
  for (const Supervisor& supervisor : cell.supervisors) {
    if (!supervisor.up && !has_start(supervisor.name, cell)) {
      const Node* own = many == nullptr ? root.find("supervisor") : many->find(supervisor.name);
      context.complaints.at(*own, "a supervisor that is down at first needs a step that starts it");
    }
    if (cell.gateway) {
      check_reachable(*root.find("gateway"), "gateway", cell.gateway->host, cell.gateway->listen,
                      supervisor, context);
    }
    for (const middleware::ServiceSpec& service : cell.middleware) {
      const Node& node = *root.find("middleware")->find(service.name);
      check_reachable(node, service.name, service.host, service.listen, supervisor, context);
    }
  }
}

std::string real_host(const std::string& name, const Cell& cell) {
  std::string at = name;
  for (std::size_t round = 0; round < cell.hosts.size(); ++round) {
    const auto named = [&](const topology::HostSpec& host) { return host.name == at; };
    const auto found = std::find_if(cell.hosts.begin(), cell.hosts.end(), named);
    if (found == cell.hosts.end() || found->shares.empty()) return at;
    at = found->shares;
  }
  return at;
}

const Supervisor* supervisor_named(const Cell& cell, std::string_view name) {
  for (const Supervisor& supervisor : cell.supervisors) {
    if (supervisor.name == name) return &supervisor;
  }
  return nullptr;
}

}  // namespace sallyport::sim::scenario
