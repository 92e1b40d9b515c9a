// The subject, the gateway that configures it, and what they are given.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/limits.h"
#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array<std::string_view, 2> kUpDown{"up", "down"};
constexpr std::array<std::string_view, 2> kForwards{"shared", "private"};

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
                     const net::Endpoint& listen, Context& context) {
  const Supervisor& supervisor = *context.cell.supervisor;
  if (host == supervisor.host || !listen.address.is_loopback()) return;
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

}  // namespace

void decode_gateway(const Node& node, Context& context) {
  if (node.is_word("none")) return;
  Reader reader(node, "a gateway", context.complaints);
  Gateway gateway;
  if (const Node* host = reader.get("host")) {
    gateway.host = as_text(*host, context.complaints).value_or("box");
    check_known(*host, gateway.host, context.hosts, "host", context.complaints);
  }
  if (const Node* listen = reader.get("listen")) {
    gateway.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  gateway.up = reader.word("initially", kUpDown, "up") == "up";
  reader.only("store", "memory");
  reader.finish();
  context.cell.gateway = std::move(gateway);
}

void decode_supervisor(const Node& node, Context& context) {
  if (node.is_word("none")) return;
  Reader reader(node, "a supervisor", context.complaints);
  Supervisor supervisor;
  supervisor.host = reader.text("host", "box");
  supervisor.serves = reader.text("serves", "agent");
  for (const char* key : {"host", "serves"}) {
    if (const Node* host = node.find(key); host != nullptr && host->is_scalar()) {
      check_known(*host, host->text, context.hosts, "host", context.complaints);
    }
  }
  supervisor.up = reader.word("initially", kUpDown, "up") == "up";
  supervisor.poll = reader.duration("poll", supervisor.poll);
  if (supervisor.poll.count() <= 0) {
    context.complaints.at(*reader.get("poll"), "\"poll\" must be more than nothing");
  }
  reader.later({"upstream_proxy", "rlimits"});
  if (const Node* listen = reader.get("listen")) {
    supervisor.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  const bool only_private = reader.word("forward", kForwards, "shared") == "private";
  supervisor.forward =
      only_private ? Supervisor::Forward::private_only : Supervisor::Forward::shared;
  supervisor.args = reader.texts("args");
  for (auto& [name, value] : reader.pairs("environment")) supervisor.environment[name] = value;
  if (const Node* limits = reader.get("limits")) {
    if (!limits->is_map()) context.complaints.at(*limits, "\"limits\" is a map from name to value");
    for (const Entry& entry : limits->entries) decode_limit(entry, supervisor, context);
  }
  reader.finish();
  context.cell.supervisor = std::move(supervisor);
}

std::optional<Inference> inference_of(const Node& node, Context& context) {
  if (node.is_word("none")) return std::nullopt;
  Reader reader(node, "an inference route", context.complaints);
  Inference inference;
  if (const Node* provider = reader.require("provider")) {
    inference.provider = as_text(*provider, context.complaints).value_or("");
    std::set<std::string> known;
    for (const auto& spec : context.cell.providers) known.insert(spec.name);
    check_known(*provider, inference.provider, known, "provider", context.complaints);
  }
  inference.model = reader.text("model");
  if (reader.has("timeout")) inference.timeout = reader.duration("timeout", base::Duration(0));
  if (context.cell.gateway && inference.timeout &&
      *inference.timeout % std::chrono::seconds(1) != base::Duration(0)) {
    context.complaints.at(*node.find("timeout"),
                          "with a gateway a route's timeout is in whole seconds; leave the gateway "
                          "out for a shorter one");
  }
  reader.finish();
  return inference;
}

void decode_inference(const Node& node, Context& context) {
  context.cell.inference = inference_of(node, context);
}

std::string policy_of(const Node& policy, Context& context) {
  if (policy.is_map()) return to_yaml_text(policy);
  context.complaints.at(policy, "a policy is a map, or the path of one");
  return {};
}

void decode_policy(const Node& policy, Context& context) {
  context.cell.policy_yaml = policy_of(policy, context);
}

void check_subject(const Node& root, Context& context) {
  const Cell& cell = context.cell;
  if (!cell.supervisor) return;
  if (!cell.supervisor->up && !has_start(cell.supervisor->name, cell)) {
    context.complaints.at(*root.find("supervisor"),
                          "a supervisor that is down at first needs a step that starts it");
  }
  if (cell.gateway) {
    check_reachable(*root.find("gateway"), "gateway", cell.gateway->host, cell.gateway->listen,
                    context);
  }
  for (const middleware::ServiceSpec& service : cell.middleware) {
    const Node& node = *root.find("middleware")->find(service.name);
    check_reachable(node, service.name, service.host, service.listen, context);
  }
}

}  // namespace sallyport::sim::scenario
