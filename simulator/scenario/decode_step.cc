// Steps: one verb, its fields, and the modifiers that stand beside it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using agents::PauseSpec;

PauseSpec decode_pause(Reader& reader) {
  PauseSpec spec;
  spec.duration = reader.duration("pause", base::Duration(0));
  spec.why = reader.text("why");
  return spec;
}

void decode_after(Reader& reader, Step& step, Context& context) {
  const Node* after = reader.get("after");
  if (after == nullptr) return;
  std::string source;
  if (after->is_scalar() && after->text.find('.') == std::string::npos) {
    step.after_step = as_text(*after, context.complaints).value_or("");
    const std::set<std::string> known(context.steps.begin(), context.steps.end());
    check_known(*after, step.after_step, known, "step", context.complaints);
    source = step.after_step;
  } else {
    step.after_event = decode_selector(*after, SelectorUse::trigger, context);
    source = step.after_event->source;
  }
  if (not_earlier(source, step.name, context)) {
    context.complaints.at(*after, fmt::format("\"{}\" doesn't come before \"{}\": waiting for it "
                                              "would never end",
                                              source, step.name));
  }
}

bool says_success(const std::string& fact, const journal::Matcher& matcher) {
  if (!matcher.has_equals || matcher.equals_any.empty()) return false;
  return std::all_of(matcher.equals_any.begin(), matcher.equals_any.end(),
                     [&](const std::string& value) {
                       if (fact == "class") return value == "ok";
                       if (fact == "exit") return value == "0";
                       return fact == "status" && value.size() == 3 && value < "400";
                     });
}

void decode_retry(Reader& reader, Step& step) {
  const Node* retry = reader.get("retry");
  if (retry == nullptr) return;
  step.retry = reader.duration("retry", base::Duration(0));
  const bool success = std::any_of(step.expect.begin(), step.expect.end(), [](const auto& fact) {
    return says_success(fact.first, fact.second);
  });
  if (!success) {
    reader.complaints().at(*retry,
                           "\"retry\" stands only where a success is expected: class: ok, "
                           "exit: 0, or a status under 400");
  }
}

// How often, how many at once, how fast, until when.
void decode_repeat(Reader& reader, Step& step, Context& context) {
  Complaints& complaints = context.complaints;
  const Node* repeat = reader.get("repeat");
  step.repeat = reader.integer("repeat", 1, 1);
  step.connections = reader.integer("connections", 1, 1);
  if (const Node* rate = reader.get("rate")) {
    const auto value = rate->is_scalar() ? base::parse_rate(rate->text) : std::nullopt;
    if (!value) {
      complaints.at(*rate, fmt::format("this must be {}", base::kRateForm));
    } else {
      const auto second = base::Duration(std::chrono::seconds(1)).count();
      step.interval = base::Duration(std::max<std::int64_t>(
          1, second / static_cast<std::int64_t>(std::min<std::uint64_t>(*value, 1'000'000'000))));
    }
  }
  if (const Node* until = reader.get("until")) {
    step.until = decode_selector(*until, SelectorUse::trigger, context);
  }
  // A number of the matrix may be 1 in some cell.
  const bool once = step.repeat == 1 && (repeat == nullptr || !repeat->record());
  for (const char* key : {"connections", "rate", "until"}) {
    const Node* node = reader.get(key);
    const bool says =
        std::string_view(key) == "connections" ? step.connections > 1 : node != nullptr;
    if (once && says) {
      complaints.at(*node, fmt::format("\"{}\" is about repetitions; say how many at most, as in "
                                       "repeat: 100",
                                       key));
    }
  }
  if (step.retry && step.repeat > 1) {
    complaints.at(reader.self(), "a step has \"repeat\" or \"retry\", not both");
  }
  if (!std::holds_alternative<agents::RequestSpec>(step.verb)) return;
  const Node* named = reader.get("connection");
  if (named != nullptr && step.connections > 1) {
    complaints.at(*named,
                  "a \"connection\" by name is one, so it can't stand beside several "
                  "\"connections\"");
  }
}

void decode_place(Reader& reader, SourceType type, Step& step, Context& context) {
  step.from = host_at(reader, "from", "agent", context);
  if (!is_exchange(type)) return;
  if (const Node* via = reader.get("via")) {
    step.via = as_text(*via, context.complaints).value_or("auto");
    std::set<std::string> known{"auto", "direct"};
    for (const Supervisor& supervisor : context.cell.supervisors) known.insert(supervisor.name);
    for (const providers::ProviderSpec& provider : context.cell.providers) {
      if (provider.dialect == providers::Dialect::proxy) known.insert(provider.name);
    }
    check_known(*via, step.via, known, "way", context.complaints);
  }
}

void decode_expect(Reader& reader, SourceType type, Step& step, Context& context) {
  const Node* expect = reader.get("expect");
  step.expect_place = expect == nullptr ? step.place : expect->use();
  if (expect == nullptr) return;
  const char* what = type == SourceType::request     ? "a request"
                     : type == SourceType::websocket ? "a websocket"
                     : type == SourceType::raw       ? "a raw step"
                     : type == SourceType::run       ? "a run"
                     : type == SourceType::gate      ? "a gate"
                                                     : "a control step";
  step.expect = decode_matchers(*expect, facts_of(type), what, context);
}

std::vector<std::string_view> verbs_in(const Node& step) {
  std::vector<std::string_view> found;
  for (const std::string_view verb : verbs()) {
    if (step.find(verb) != nullptr) found.push_back(verb);
  }
  return found;
}

// The step's one verb, or nothing after a complaint.
std::optional<std::string_view> verb_of(const Entry& entry, Context& context) {
  const Node& node = *entry.value;
  if (!node.is_map()) {
    context.complaints.at(node, "a step is a map with one verb");
    return std::nullopt;
  }
  const std::vector<std::string_view> found = verbs_in(node);
  if (found.empty()) {
    const auto known = verbs();
    // The key nearest to a verb is the one that was meant to be it.
    for (const Entry& key : node.entries) {
      if (const auto meant = base::nearest(key.key, known)) {
        context.complaints.at_key(
            key, fmt::format("unknown verb \"{}\"; did you mean \"{}\"?", key.key, *meant));
        return std::nullopt;
      }
    }
    context.complaints.at_key(
        entry, fmt::format("the step \"{}\" has no verb; it must be one of {}", entry.key,
                           fmt::join(known, ", ")));
    return std::nullopt;
  }
  if (found.size() == 1) return found.front();
  context.complaints.at_key(entry, fmt::format("a step has one verb; \"{}\" has {} and {}",
                                               entry.key, found[0], found[1]));
  return std::nullopt;
}

void decode_verb(std::string_view verb, Reader& reader, Step& step, Context& context) {
  if (verb == "request") {
    step.verb = decode_request(reader, context);
  } else if (verb == "websocket") {
    step.verb = decode_websocket(reader, context);
  } else if (verb == "raw") {
    step.verb = decode_raw(reader, context);
  } else if (verb == "run") {
    step.verb = decode_run(reader, context);
  } else if (verb == "gate") {
    step.verb = decode_gate(reader, context);
  } else if (verb == "pause") {
    step.verb = decode_pause(reader);
  } else {
    decode_control(verb, reader, step, context);
  }
}

Step decode_step(const Entry& entry, Context& context) {
  Step step;
  step.name = entry.key;
  step.place = {*entry.key_file, entry.key_mark};
  const auto verb = verb_of(entry, context);
  if (!verb) return step;
  const SourceType type = type_of_step(*entry.value);
  Reader reader(*entry.value, keys::step(*verb), context.complaints);
  decode_verb(*verb, reader, step, context);
  step.background = reader.boolean("background", false);
  decode_after(reader, step, context);
  decode_expect(reader, type, step, context);
  const bool command = type == SourceType::run || type == SourceType::gate;
  if (keys::step(*verb).find("timeout") != nullptr)
    step.timeout = reader.duration("timeout", step.timeout);
  if (is_exchange(type) || command) decode_place(reader, type, step, context);
  if (type == SourceType::request || command) decode_retry(reader, step);
  if (is_exchange(type)) decode_repeat(reader, step, context);
  return step;
}

}  // namespace

bool not_earlier(const std::string& name, const std::string& self, const Context& context) {
  const auto& steps = context.steps;
  const auto at = std::find(steps.begin(), steps.end(), name);
  return at != steps.end() && at >= std::find(steps.begin(), steps.end(), self);
}

void decode_steps(const Node& steps, Context& context) {
  if (!steps.is_map()) {
    context.complaints.at(steps, "\"steps\" is a map from name to step");
    return;
  }
  if (steps.entries.empty()) context.complaints.at(steps, "a scenario needs at least one step");
  for (const Entry& entry : steps.entries)
    context.cell.steps.push_back(decode_step(entry, context));
}

}  // namespace sallyport::sim::scenario
