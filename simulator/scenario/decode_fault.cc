// Faults: what they can befall, and the fields that each kind has.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array kListeners{SourceType::provider, SourceType::decoy, SourceType::middleware,
                                SourceType::gateway, SourceType::supervisor};
constexpr std::array kProcesses{SourceType::middleware, SourceType::gateway,
                                SourceType::supervisor};
constexpr std::array kAnswerers{SourceType::provider, SourceType::middleware};
constexpr std::array kServices{SourceType::middleware};
constexpr std::array kSubjects{SourceType::gateway, SourceType::supervisor};
constexpr std::array kNames{SourceType::dns};

struct FaultRule {
  std::string_view name;
  FaultKind kind;
  std::span<const SourceType> targets;
};

constexpr std::array<FaultRule, 21> kFaults{{
    {"none", FaultKind::none, kListeners},
    {"refused", FaultKind::refused, kListeners},
    {"filtered", FaultKind::filtered, kListeners},
    {"blackhole", FaultKind::blackhole, kListeners},
    {"reset", FaultKind::reset, kListeners},
    {"idle_cut", FaultKind::idle_cut, kListeners},
    {"impaired", FaultKind::impaired, kListeners},
    {"frozen", FaultKind::frozen, kListeners},
    {"port_taken", FaultKind::port_taken, kListeners},
    {"slow", FaultKind::slow, kAnswerers},
    {"unavailable", FaultKind::unavailable, kServices},
    {"internal", FaultKind::internal, kServices},
    {"malformed", FaultKind::malformed, kServices},
    {"shifted", FaultKind::shifted, kSubjects},
    {"disk_full", FaultKind::disk_full, kProcesses},
    {"read_only", FaultKind::read_only, kProcesses},
    {"nxdomain", FaultKind::nxdomain, kNames},
    {"servfail", FaultKind::servfail, kNames},
    {"silent", FaultKind::silent, kNames},
    {"wrong_id", FaultKind::wrong_id, kNames},
    {"truncated", FaultKind::truncated, kNames},
}};

// The kinds of a field's fault, as a complaint names them.
struct FieldRule {
  std::string_view name;
  std::string_view of;
  std::array<FaultKind, 2> kinds;
};
constexpr FieldRule kDelay{"delay", "slow and impaired", {FaultKind::slow, FaultKind::impaired}};
constexpr FieldRule kOffset{
    "offset", "reset and impaired", {FaultKind::reset, FaultKind::impaired}};
constexpr FieldRule kRate{"rate", "impaired", {FaultKind::impaired, FaultKind::impaired}};
constexpr FieldRule kHow{
    "how", "idle_cut and impaired", {FaultKind::idle_cut, FaultKind::impaired}};
constexpr FieldRule kSilence{"silence", "idle_cut", {FaultKind::idle_cut, FaultKind::idle_cut}};
constexpr FieldRule kBy{"by", "shifted", {FaultKind::shifted, FaultKind::shifted}};

bool is_of_names(FaultKind kind) { return kind >= FaultKind::nxdomain; }

// What a fault step is decoded with.
struct FaultReader {
  Reader& reader;
  FaultKind kind;
  bool varies;  // the kind is the matrix's, so fields of its other kinds may stand there
  Complaints& complaints;

  // The field, if it is this kind's.
  const Node* field(const FieldRule& rule) {
    const Node* node = reader.get(rule.name);
    if (node == nullptr) return nullptr;
    if (std::find(rule.kinds.begin(), rule.kinds.end(), kind) != rule.kinds.end()) return node;
    if (!varies) {
      complaints.at(*node, fmt::format("\"{}\" is for the fault {}", rule.name, rule.of));
    }
    return nullptr;
  }
  const Node* required(const FieldRule& rule) {
    const Node* node = field(rule);
    if (node == nullptr && rule.kinds[0] == kind && reader.self().is_map()) {
      complaints.at(reader.self(), fmt::format("the fault {} needs \"{}\"", rule.of, rule.name));
    }
    return node;
  }
};

const FaultRule* fault_rule(const Node& node, Context& context) {
  const std::span<const FaultRule> rules(kFaults);
  const auto word = as_word(node, names_of(rules), "a fault", context.complaints);
  return word ? find_by_name(rules, *word) : nullptr;
}

// `64KiB/s`: octets a second.
std::optional<std::uint64_t> as_octet_rate(const Node& node, Complaints& complaints) {
  constexpr std::string_view kPer = "/s";
  std::string_view text = node.is_scalar() ? std::string_view(node.text) : std::string_view();
  if (text.ends_with(kPer)) {
    text.remove_suffix(kPer.size());
    const auto octets = base::parse_size(text);
    if (octets && *octets > 0) return octets;
  }
  complaints.at(node, "this must be octets a second (64KiB/s)");
  return std::nullopt;
}

// A duration that may have a sign.
// Certificates last for years, so minutes may go beyond the day that bounds other durations.
std::optional<base::Duration> long_minutes(std::string_view text) {
  constexpr std::string_view kUnit = "min";
  constexpr std::uint64_t kMinutesMax = 60ULL * 24 * 366 * 50;
  if (!text.ends_with(kUnit)) return std::nullopt;
  const auto number = base::parse_integer(text.substr(0, text.size() - kUnit.size()));
  if (!number || *number > kMinutesMax) return std::nullopt;
  return std::chrono::minutes(static_cast<std::int64_t>(*number));
}

base::Duration as_shift(const Node& node, Complaints& complaints) {
  const bool back = node.is_scalar() && node.text.starts_with('-');
  Node positive = node;
  if (back) positive.text = node.text.substr(1);
  const auto minutes = positive.is_scalar() ? long_minutes(positive.text) : std::nullopt;
  const base::Duration by =
      minutes ? *minutes : as_duration(positive, complaints).value_or(base::Duration(0));
  return back ? -by : by;
}

void decode_how(FaultReader& in, Fault& fault) {
  const Node* node = in.field(kHow);
  if (node == nullptr) return;
  struct Word {
    std::string_view name;
    providers::CutHow how;
  };
  constexpr std::array<Word, 3> kWords{{{"reset", providers::CutHow::reset},
                                        {"fin", providers::CutHow::fin},
                                        {"stall", providers::CutHow::stall}}};
  // Silence is what an idle_cut ends; another silence ends nothing.
  const std::span<const Word> words =
      std::span<const Word>(kWords).first(in.kind == FaultKind::impaired ? 3 : 2);
  const auto word = as_word(*node, names_of(words), "a value of \"how\"", in.complaints);
  if (word) fault.how = find_by_name(words, *word)->how;
}

void decode_fields(FaultReader& in, Fault& fault) {
  Complaints& complaints = in.complaints;
  if (const Node* delay = in.field(kDelay)) fault.delay = as_duration(*delay, complaints);
  if (const Node* offset = in.field(kOffset)) fault.offset = as_octets(*offset, complaints);
  if (in.kind == FaultKind::reset && !fault.offset) fault.offset = 0;
  if (const Node* rate = in.field(kRate)) fault.rate = as_octet_rate(*rate, complaints);
  decode_how(in, fault);
  if (const Node* silence = in.required(kSilence)) {
    fault.silence = as_duration(*silence, complaints).value_or(base::Duration(0));
    if (fault.silence.count() <= 0) complaints.at(*silence, "a silence lasts more than nothing");
  }
  if (const Node* by = in.required(kBy)) fault.by = as_shift(*by, complaints);
  const Node& said = in.reader.self();
  const bool any = said.find("delay") != nullptr || said.find("rate") != nullptr ||
                   said.find("offset") != nullptr;
  if (in.kind == FaultKind::impaired && !any) {
    complaints.at(said, "the fault impaired needs at least one of \"delay\", \"rate\", \"offset\"");
  }
  const Node* name = in.reader.get("name");
  if (name == nullptr) return;
  if (is_of_names(in.kind)) {
    fault.name = zone_name(as_text(*name, complaints).value_or(""));
  } else if (!in.varies) {
    complaints.at(*name, "\"name\" is for the faults of dns");
  }
}

}  // namespace

Fault decode_fault(Reader& reader, Context& context) {
  Fault fault;
  const Node& node = *reader.get("fault");
  const FaultRule* rule = fault_rule(node, context);
  if (rule == nullptr) return fault;
  fault.kind = rule->kind;
  const Node* target = reader.get("target");
  const bool nothing = rule->kind == FaultKind::none;
  if (target != nullptr && target->is_word("dns") && (nothing || is_of_names(rule->kind))) {
    fault.target = "dns";
  } else {
    fault.target =
        actor_at(target, rule->targets, fmt::format("the fault \"{}\"", rule->name), context);
  }
  const bool scripted = rule->kind == FaultKind::slow || rule->kind == FaultKind::unavailable ||
                        rule->kind == FaultKind::internal || rule->kind == FaultKind::malformed;
  if (scripted && context.foreign.contains(fault.target)) {
    context.complaints.at(node, fmt::format("the fault {} is the scripted service's own, and "
                                            "\"{}\" is another program; freeze or stop it, or "
                                            "stop packets",
                                            rule->name, fault.target));
  }
  FaultReader in{reader, rule->kind, node.record().has_value(), context.complaints};
  decode_fields(in, fault);
  return fault;
}

std::uint64_t as_octets(const Node& node, Complaints& complaints) {
  const bool size = node.is_scalar() && node.text.ends_with('B');
  return (size ? as_size(node, complaints) : as_integer(node, complaints)).value_or(0);
}

}  // namespace sallyport::sim::scenario
