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
using agents::RequestSpec;
using agents::RunSpec;

constexpr std::array<std::string_view, 3> kAdapters{"auto", "connect", "forward"};
constexpr std::array<std::string_view, 2> kFramings{"length", "chunked"};
constexpr std::array<std::string_view, 3> kEnvironments{"agent", "none", "operator"};

void decode_tls(Reader& reader, RequestSpec& spec) {
  const Node* tls = reader.get("tls");
  if (tls == nullptr) return;
  Reader inner(*tls, "a client's tls", reader.complaints());
  spec.tls_verify = inner.boolean("verify", true);
  spec.tls_sni = inner.text("sni");
  spec.tls_alpn = inner.text("alpn");
  inner.finish();
}

void check_url(const Node& node, const std::string& url, Complaints& complaints) {
  const bool known =
      url.starts_with("http://") || url.starts_with("https://") || url.starts_with("$(");
  if (!known) complaints.at(node, "a URL begins with http://, https:// or $(ACTOR.url)");
}

RequestSpec decode_request(Reader& reader, Context& context) {
  RequestSpec spec;
  spec.url = reader.text("request");
  if (const Node* url = reader.get("request")) check_url(*url, spec.url, context.complaints);
  spec.method = reader.text("method");
  spec.headers = reader.pairs("headers");
  int bodies = 0;
  for (const char* key : {"body", "json", "size"}) bodies += reader.has(key) ? 1 : 0;
  if (bodies > 1) {
    context.complaints.at(reader.self(), "a request has at most one of body, json, size");
  }
  if (reader.has("body")) spec.body = reader.text("body");
  if (const Node* json = reader.get("json")) spec.json = as_json(*json, context.complaints);
  if (reader.has("size")) spec.size = reader.size("size", 0);
  spec.chunked = reader.word("framing", kFramings, "length") == "chunked";
  spec.expect_continue = reader.boolean("expect_continue", false);
  const std::string adapter = reader.word("adapter", kAdapters, "auto");
  if (adapter == "connect") spec.adapter = RequestSpec::Adapter::connect;
  if (adapter == "forward") spec.adapter = RequestSpec::Adapter::forward;
  decode_tls(reader, spec);
  spec.connection = reader.text("connection");
  if (const Node* abort = reader.get("abort")) {
    spec.abort = decode_selector(*abort, SelectorUse::trigger, context);
  }
  return spec;
}

void decode_environment(Reader& reader, RunSpec& spec) {
  const Node* node = reader.get("environment");
  if (node == nullptr) return;
  if (node->is_map()) {
    spec.environment = RunSpec::Environment::agent;
    spec.variables = as_pairs(*node, reader.complaints());
    return;
  }
  if (node->is_word("operator")) {
    reader.complaints().at(*node, not_yet("the environment \"operator\""));
    return;
  }
  const std::string word = reader.word("environment", kEnvironments, "none");
  spec.environment = word == "agent" ? RunSpec::Environment::agent : RunSpec::Environment::none;
}

void decode_tools(Reader& reader, RunSpec& spec) {
  const Node* tools = reader.get("tools");
  if (tools == nullptr) return;
  if (!tools->is_map()) reader.complaints().at(*tools, "\"tools\" is a map from name to fake");
  for (const Entry& entry : tools->entries) {
    Reader inner(*entry.value, "a tool", reader.complaints());
    agents::ToolSpec tool;
    tool.name = entry.key;
    tool.exit = static_cast<int>(inner.integer("exit", 0));
    tool.out = inner.text("stdout");
    tool.err = inner.text("stderr");
    inner.finish();
    spec.tools.push_back(std::move(tool));
  }
}

RunSpec decode_run(Reader& reader) {
  RunSpec spec;
  const Node* command = reader.get("run");
  if (command->is_scalar()) {
    // A shell's text: its own $(...) stay, so the escape keeps the last expansion off them.
    std::string text = as_text(*command, reader.complaints()).value_or("");
    for (std::size_t at = text.find("$("); at != std::string::npos; at = text.find("$(", at + 3)) {
      text.insert(at, "$");
    }
    spec.argv = {"sh", "-c", text};
  } else {
    spec.argv = as_texts(*command, reader.complaints());
    if (spec.argv.empty()) reader.complaints().at(*command, "a command needs at least its name");
  }
  decode_environment(reader, spec);
  spec.unset = reader.texts("unset");
  if (const Node* user = reader.get("user")) {
    reader.complaints().at(*user, not_yet("user"));
  }
  spec.cwd = reader.text("cwd");
  if (spec.cwd == ".") spec.cwd.clear();
  spec.stdin_text = reader.text("stdin");
  reader.only("confine", "none");
  decode_tools(reader, spec);
  return spec;
}

PauseSpec decode_pause(Reader& reader) {
  PauseSpec spec;
  spec.duration = reader.duration("pause", base::Duration(0));
  reader.require("why");
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
  const Node* named = reader.get("connection");
  if (named != nullptr && step.connections > 1) {
    complaints.at(*named,
                  "a \"connection\" by name is one, so it can't stand beside several "
                  "\"connections\"");
  }
}

void decode_place(Reader& reader, Step& step, Context& context) {
  if (const Node* from = reader.get("from")) {
    step.from = as_text(*from, context.complaints).value_or("agent");
    check_known(*from, step.from, context.hosts, "host", context.complaints);
  }
  if (!std::holds_alternative<RequestSpec>(step.verb)) return;
  if (const Node* via = reader.get("via")) {
    step.via = as_text(*via, context.complaints).value_or("auto");
    std::set<std::string> known{"auto", "direct"};
    if (context.cell.supervisor) known.insert(context.cell.supervisor->name);
    check_known(*via, step.via, known, "way", context.complaints);
  }
}

void decode_expect(Reader& reader, SourceType type, Step& step, Context& context) {
  const Node* expect = reader.get("expect");
  step.expect_place = expect == nullptr ? step.place : expect->use();
  if (expect == nullptr) return;
  const char* what = type == SourceType::request ? "a request"
                     : type == SourceType::run   ? "a run"
                                                 : "a control step";
  step.expect = decode_matchers(*expect, facts_of(type), what, context);
}

std::vector<std::string_view> verbs_in(const Node& step) {
  std::vector<std::string_view> found;
  for (const auto words : {verbs(), verbs_later()}) {
    for (const std::string_view verb : words) {
      if (step.find(verb) != nullptr) found.push_back(verb);
    }
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
  for (const std::string_view verb : found) {
    const auto later = verbs_later();
    if (std::find(later.begin(), later.end(), verb) == later.end()) continue;
    for (const Entry& key : node.entries) {
      if (key.key == verb) {
        context.complaints.at_key(key, not_yet(fmt::format("the verb \"{}\"", verb)));
      }
    }
    return std::nullopt;
  }
  if (found.size() == 1) return found.front();
  context.complaints.at_key(entry, fmt::format("a step has one verb; \"{}\" has {} and {}",
                                               entry.key, found[0], found[1]));
  return std::nullopt;
}

void decode_client(Reader& reader, Step& step, Context& context) {
  decode_place(reader, step, context);
  decode_retry(reader, step);
  if (std::holds_alternative<RequestSpec>(step.verb)) decode_repeat(reader, step, context);
}

Step decode_step(const Entry& entry, Context& context) {
  Step step;
  step.name = entry.key;
  step.place = {*entry.key_file, entry.key_mark};
  const auto verb = verb_of(entry, context);
  if (!verb) return step;
  const SourceType type = type_of_step(*entry.value);
  const bool client = type == SourceType::request || type == SourceType::run;
  const bool vowel = std::string_view("aeiou").find((*verb)[0]) != std::string_view::npos;
  Reader reader(*entry.value, fmt::format("{} {} step", vowel ? "an" : "a", *verb),
                context.complaints);
  if (*verb == "request") {
    step.verb = decode_request(reader, context);
  } else if (*verb == "run") {
    step.verb = decode_run(reader);
  } else if (*verb == "pause") {
    step.verb = decode_pause(reader);
  } else {
    decode_control(*verb, reader, step, context);
  }
  step.background = reader.boolean("background", false);
  decode_after(reader, step, context);
  decode_expect(reader, type, step, context);
  if (*verb != "pause") step.timeout = reader.duration("timeout", step.timeout);
  if (client) decode_client(reader, step, context);
  reader.finish();
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
