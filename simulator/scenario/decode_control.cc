// Control verbs: what they change, and that what they name is there.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array kActors{SourceType::provider, SourceType::decoy, SourceType::middleware,
                             SourceType::gateway, SourceType::supervisor};

struct Signal {
  std::string_view name;
  int number;
};
// Those that end a process; what only stops it for a while is the fault `frozen`.
constexpr std::array<Signal, 5> kSignals{
    {{"TERM", SIGTERM}, {"KILL", SIGKILL}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"ABRT", SIGABRT}}};

std::string_view name_of(SourceType type) {
  switch (type) {
    case SourceType::provider:
      return "a provider";
    case SourceType::decoy:
      return "a decoy";
    case SourceType::middleware:
      return "a middleware service";
    case SourceType::gateway:
      return "the gateway";
    default:
      return "the supervisor";
  }
}

std::string names_of_types(std::span<const SourceType> types) {
  std::vector<std::string_view> names;
  for (const SourceType type : types) names.push_back(name_of(type));
  return fmt::format("{}", fmt::join(names, ", "));
}

KeyChange decode_key_change(std::string_view verb, Reader& reader, Context& context) {
  KeyChange change;
  change.kind = verb == "rotate"   ? KeyChange::Kind::rotate
                : verb == "revoke" ? KeyChange::Kind::revoke
                                   : KeyChange::Kind::update;
  change.provider = provider_at(reader.get(verb), context);
  const Node* key = reader.get("key");
  if (key == nullptr) return change;
  change.key = as_text(*key, context.complaints).value_or("");
  const auto keys = context.keys.find(change.provider);
  if (keys != context.keys.end() && !keys->second.empty()) {
    const std::set<std::string> known(keys->second.begin(), keys->second.end());
    check_known(*key, change.key, known, "key", context.complaints);
  } else if (context.sources.contains(change.provider)) {
    context.complaints.at(
        *key, fmt::format("\"{}\" has no keys; list them, as in keys: [k1, k2]", change.provider));
  }
  return change;
}

DeleteRecord decode_delete(Reader& reader, Context& context) {
  DeleteRecord record;
  const Node* node = reader.get("delete");
  record.provider = provider_at(node, context);
  record.force = reader.boolean("force", false);
  if (!context.cell.gateway) {
    context.complaints.at(*node,
                          "\"delete\" takes a record from the gateway, and there is none in this "
                          "world; write gateway: {}");
  }
  return record;
}

Lift decode_lift(Reader& reader, const Step& step, Context& context) {
  Lift lift;
  const Node& node = *reader.get("lift");
  lift.step = as_text(node, context.complaints).value_or("");
  std::set<std::string> faults;
  for (const auto& [name, type] : context.sources) {
    if (type == SourceType::fault) faults.insert(name);
  }
  const bool known = check_known(node, lift.step, faults, "fault step", context.complaints);
  if (known && not_earlier(lift.step, step.name, context)) {
    context.complaints.at(node, fmt::format("\"{}\" doesn't come before \"{}\", so there is "
                                            "nothing to lift",
                                            lift.step, step.name));
  }
  return lift;
}

ProcessControl decode_process(std::string_view verb, Reader& reader, Context& context) {
  ProcessControl control;
  control.kind = verb == "stop"    ? ProcessControl::Kind::stop
                 : verb == "start" ? ProcessControl::Kind::start
                                   : ProcessControl::Kind::restart;
  const std::string what = fmt::format("\"{}\"", verb);
  control.actor = actor_at(reader.get(verb), kActors, what, context);
  if (verb == "start") return control;
  if (const Node* node = reader.get("signal")) {
    const std::span<const Signal> signals(kSignals);
    const auto word = as_word(*node, names_of(signals), "a signal", context.complaints);
    if (word) control.signal = find_by_name(signals, *word)->number;
  }
  return control;
}

// `supervisor: NAME` beside a policy or a route: whose it is.
std::string supervisor_at(Reader& reader, Context& context) {
  const Node* node = reader.get("supervisor");
  if (node == nullptr) return {};
  const std::string name = as_text(*node, context.complaints).value_or("");
  std::set<std::string> known;
  for (const Supervisor& one : context.cell.supervisors) known.insert(one.name);
  check_known(*node, name, known, "supervisor", context.complaints);
  return name;
}

SetInference decode_set_inference(Reader& reader, Context& context) {
  SetInference set{inference_of(*reader.get("inference"), context), supervisor_at(reader, context),
                   reader.boolean("verify", false)};
  if (set.verify && !context.cell.gateway) {
    context.complaints.at(*reader.get("verify"),
                          "a gateway asks the provider, and there is none in this world; write "
                          "gateway: {}");
  } else if (set.verify && !set.route) {
    context.complaints.at(*reader.get("verify"), "there is nothing to ask when a route goes");
  }
  if (!set.supervisor.empty() && context.cell.gateway) {
    context.complaints.at(*reader.get("supervisor"),
                          "a gateway has one route for every supervisor; leave \"supervisor\" out");
  }
  return set;
}

}  // namespace

std::string provider_at(const Node* node, Context& context) {
  if (node == nullptr) return {};
  const std::string name = as_text(*node, context.complaints).value_or("");
  std::set<std::string> known;
  for (const auto& provider : context.cell.providers) known.insert(provider.name);
  check_known(*node, name, known, "provider", context.complaints);
  return name;
}

// The actor that `node` names, if it is of one of `types`; `what` is wanted of it.
std::string actor_at(const Node* node, std::span<const SourceType> types, std::string_view what,
                     Context& context) {
  if (node == nullptr) return {};
  Complaints& complaints = context.complaints;
  const std::string name = as_text(*node, complaints).value_or("");
  std::set<std::string> actors;
  for (const auto& [source, type] : context.sources) {
    if (is_actor(type)) actors.insert(source);
  }
  if (name == "gateway" && !actors.contains(name)) {
    complaints.at(*node, "there is no gateway in this world; write gateway: {}");
    return {};
  }
  if (!check_known(*node, name, actors, "actor", complaints)) return {};
  const SourceType type = context.sources.at(name);
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    complaints.at(*node, fmt::format("\"{}\" is {}; {} takes one of: {}", name, name_of(type), what,
                                     names_of_types(types)));
  }
  return name;
}

void decode_control(std::string_view verb, Reader& reader, Step& step, Context& context) {
  if (verb == "rotate" || verb == "revoke" || verb == "update") {
    step.verb = decode_key_change(verb, reader, context);
  } else if (verb == "delete") {
    step.verb = decode_delete(reader, context);
  } else if (verb == "fault") {
    step.verb = decode_fault(reader, context);
  } else if (verb == "lift") {
    step.verb = decode_lift(reader, step, context);
  } else if (verb == "policy") {
    step.verb = SetPolicy{policy_of(*reader.get(verb), context), supervisor_at(reader, context)};
  } else if (verb == "inference") {
    step.verb = decode_set_inference(reader, context);
  } else if (verb == "dns" || verb == "firewall" || verb == "providers" || verb == "middleware") {
    decode_change(verb, reader, step, context);
  } else {
    step.verb = decode_process(verb, reader, context);
  }
}

}  // namespace sallyport::sim::scenario
