// Control verbs: what they change, and that what they name is there.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array kListeners{SourceType::provider, SourceType::decoy, SourceType::middleware,
                                SourceType::gateway, SourceType::supervisor};
constexpr std::array kProcesses{SourceType::middleware, SourceType::gateway,
                                SourceType::supervisor};
constexpr std::array kAnswerers{SourceType::provider, SourceType::middleware};
constexpr std::array kServices{SourceType::middleware};

struct FaultRule {
  std::string_view name;
  FaultKind kind;
  std::span<const SourceType> targets;
};

constexpr std::array<FaultRule, 10> kFaults{{
    {"none", FaultKind::none, kListeners},
    {"refused", FaultKind::refused, kListeners},
    {"filtered", FaultKind::filtered, kListeners},
    {"blackhole", FaultKind::blackhole, kListeners},
    {"reset", FaultKind::reset, kListeners},
    {"frozen", FaultKind::frozen, kProcesses},
    {"slow", FaultKind::slow, kAnswerers},
    {"unavailable", FaultKind::unavailable, kServices},
    {"internal", FaultKind::internal, kServices},
    {"malformed", FaultKind::malformed, kServices},
}};
constexpr std::array<std::string_view, 7> kFaultsLater{
    "idle_cut", "nxdomain", "servfail", "silent", "wrong_id", "truncated", "shifted"};

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

KeyChange decode_key_change(std::string_view verb, Reader& reader, Context& context) {
  KeyChange change;
  change.kind = verb == "rotate"   ? KeyChange::Kind::rotate
                : verb == "revoke" ? KeyChange::Kind::revoke
                                   : KeyChange::Kind::update;
  change.provider = provider_at(reader.get(verb), context);
  const Node* key = reader.require("key");
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

const FaultRule* fault_rule(const Node& node, Context& context) {
  if (node.is_scalar()) {
    const auto* later = std::find(kFaultsLater.begin(), kFaultsLater.end(), node.text);
    if (later != kFaultsLater.end()) {
      context.complaints.at(node, not_yet(fmt::format("the fault \"{}\"", node.text)));
      return nullptr;
    }
  }
  const std::span<const FaultRule> rules(kFaults);
  const auto word = as_word(node, names_of(rules), "a fault", context.complaints);
  return word ? find_by_name(rules, *word) : nullptr;
}

// A field that one kind has. Where the kind comes from the matrix it may stand for all.
const Node* field_of_kind(Reader& reader, std::string_view key, bool belongs, const Node& kind,
                          std::string_view of) {
  const Node* node = reader.get(key);
  if (node != nullptr && !belongs && !kind.record()) {
    reader.complaints().at(*node, fmt::format("\"{}\" is for the fault \"{}\"", key, of));
  }
  return node;
}

std::uint64_t octets_at(const Node& node, Complaints& complaints) {
  const bool size = node.is_scalar() && node.text.ends_with('B');
  return (size ? as_size(node, complaints) : as_integer(node, complaints)).value_or(0);
}

Fault decode_fault(Reader& reader, Context& context) {
  Fault fault;
  const Node& node = *reader.get("fault");
  const FaultRule* rule = fault_rule(node, context);
  const Node* target = reader.require("target");
  reader.known({"delay", "offset"});
  // Words of a later version come with fields of their own.
  if (rule == nullptr) {
    reader.known({"silence", "how", "name", "by"});
    return fault;
  }
  fault.kind = rule->kind;
  if (target != nullptr && target->is_word("dns")) {
    context.complaints.at(*target, not_yet("the target \"dns\""));
  } else {
    const std::string what = fmt::format("the fault \"{}\"", rule->name);
    fault.target = actor_at(target, rule->targets, what, context);
  }
  const bool slow = rule->kind == FaultKind::slow;
  if (const Node* delay = field_of_kind(reader, "delay", slow, node, "slow")) {
    const auto value = as_duration(*delay, context.complaints);
    if (slow) fault.delay = value;
  }
  const bool reset = rule->kind == FaultKind::reset;
  if (const Node* offset = field_of_kind(reader, "offset", reset, node, "reset")) {
    const std::uint64_t value = octets_at(*offset, context.complaints);
    if (reset) fault.offset = value;
  }
  return fault;
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
  control.actor = actor_at(reader.get(verb), kProcesses, what, context);
  if (verb == "start") return control;
  if (const Node* node = reader.get("signal")) {
    const std::span<const Signal> signals(kSignals);
    const auto word = as_word(*node, names_of(signals), "a signal", context.complaints);
    if (word) control.signal = find_by_name(signals, *word)->number;
  }
  return control;
}

}  // namespace

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
    step.verb = SetPolicy{policy_of(*reader.get(verb), context)};
  } else if (verb == "inference") {
    step.verb = SetInference{inference_of(*reader.get(verb), context)};
  } else {
    step.verb = decode_process(verb, reader, context);
  }
}

}  // namespace sallyport::sim::scenario
