// Items of `expect`: exactly one question each, with a witness where an empty journal would do.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array kServices{SourceType::middleware};
// What runs as a process of its own.
constexpr std::array kProcesses{SourceType::supervisor, SourceType::gateway,
                                SourceType::middleware};

std::optional<std::uint64_t> maybe_integer(Reader& reader, std::string_view key) {
  const Node* node = reader.get(key);
  if (node == nullptr) return std::nullopt;
  return as_integer(*node, reader.complaints());
}

Count decode_count(Reader& reader, const Node& node, Context& context) {
  Count count;
  count.selector = decode_selector(node, SelectorUse::any, context);
  const auto is = maybe_integer(reader, "is");
  count.at_least = maybe_integer(reader, "at_least");
  count.at_most = maybe_integer(reader, "at_most");
  const bool bounded = count.at_least || count.at_most;
  if (reader.has("is") && bounded) {
    context.complaints.at(reader.self(), "a count has \"is\", or \"at_least\" and \"at_most\"");
  } else if (!reader.has("is") && !bounded) {
    context.complaints.at(reader.self(), "a count needs \"is\", \"at_least\" or \"at_most\"");
  }
  if (is) count.at_least = count.at_most = is;
  if (count.at_least && count.at_most && *count.at_least > *count.at_most) {
    context.complaints.at(reader.self(), "\"at_least\" is over \"at_most\"");
  }
  return count;
}

Always decode_always(Reader& reader, const Node& node, Context& context) {
  Always always;
  always.selector = decode_selector(node, SelectorUse::any, context);
  if (const Node* has = reader.require("has")) {
    const std::vector<Field> fields = fields_of(always.selector, context);
    if (!fields.empty()) {
      const auto& selector = always.selector;
      const std::string what = fmt::format("the event \"{}.{}\"", selector.source, selector.kind);
      always.has = decode_matchers(*has, fields, what, context);
    }
  }
  always.at_least = reader.integer("at_least", 1, 1);
  return always;
}

Eventually decode_eventually(Reader& reader, const Node& node, Context& context) {
  Eventually eventually;
  eventually.selector = decode_selector(node, SelectorUse::any, context);
  if (const Node* within = reader.require("within")) {
    eventually.within = decode_bound(*within, context).value_or(base::Duration(0));
  }
  return eventually;
}

Ordered decode_ordered(const Node& node, Context& context) {
  Ordered ordered;
  if (!node.is_list() || node.items.size() < 2) {
    context.complaints.at(node, "\"ordered\" is a list of at least two events");
  }
  for (const NodePtr& item : node.items) {
    ordered.selectors.push_back(decode_selector(*item, SelectorUse::trigger, context));
  }
  return ordered;
}

Span decode_span(Reader& reader, const Node& node, Context& context) {
  Span span;
  Reader inner(node, keys::span(), context.complaints);
  if (const Node* from = inner.require("from")) {
    span.from = decode_selector(*from, SelectorUse::trigger, context);
  }
  if (const Node* to = inner.require("to")) {
    span.to = decode_selector(*to, SelectorUse::trigger, context);
  }
  if (const Node* most = reader.get("at_most")) span.at_most = decode_bound(*most, context);
  if (const Node* least = reader.get("at_least")) span.at_least = decode_bound(*least, context);
  if (!reader.has("at_most") && !reader.has("at_least")) {
    context.complaints.at(reader.self(), "a span needs \"at_most\" or \"at_least\"");
  }
  return span;
}

void check_fact(const Node& where, const std::string& fact, const std::string& step,
                Context& context) {
  const auto source = context.sources.find(step);
  if (source == context.sources.end()) return;
  const auto facts = facts_of(source->second);
  if (find_by_name(facts, fact) != nullptr) return;
  const auto names = names_of(facts);
  context.complaints.at(where, fmt::format("the step \"{}\" has no fact \"{}\"{}", step, fact,
                                           base::suggestion(fact, names)));
}

void decode_across(Reader& reader, const Node& across, Compare& compare, Context& context) {
  compare.across = as_text(across, context.complaints).value_or("");
  std::set<std::string> axes;
  for (const Axis& axis : context.matrix.axes()) axes.insert(axis.name);
  if (check_known(across, compare.across, axes, "axis", context.complaints)) {
    context.matrix.mark_used(compare.across);
  }
  const Node* fact = reader.get("fact");
  const std::size_t dot = compare.fact.find('.');
  if (fact == nullptr) return;
  if (dot == std::string::npos) {
    context.complaints.at(*fact, "with \"across\" a fact is written STEP.FACT");
    return;
  }
  compare.steps = {compare.fact.substr(0, dot)};
  compare.fact = compare.fact.substr(dot + 1);
}

Compare decode_compare(const Node& node, bool differs, Context& context) {
  Compare compare;
  compare.differs = differs;
  Reader reader(node, keys::compare(), context.complaints);
  const Node* fact = reader.require("fact");
  compare.fact = reader.text("fact");
  if (const Node* across = reader.get("across")) {
    if (reader.has("steps")) {
      context.complaints.at(node, "one of \"steps\" and \"across\", not both");
    }
    decode_across(reader, *across, compare, context);
  } else if (const Node* steps = reader.get("steps")) {
    compare.steps = as_texts(*steps, context.complaints);
    if (compare.steps.size() != 2) context.complaints.at(*steps, "\"steps\" names two steps");
  } else if (node.is_map()) {
    context.complaints.at(node, "a comparison needs \"steps\" or \"across\"");
  }
  const std::set<std::string> known(context.steps.begin(), context.steps.end());
  const Node& where = reader.has("steps") ? *reader.get("steps") : node;
  for (const std::string& step : compare.steps) {
    const bool ok = check_known(where, step, known, "step", context.complaints);
    if (ok && fact != nullptr) check_fact(*fact, compare.fact, step, context);
  }
  return compare;
}

// A step whose type the checker is about; `what` as in "a request".
std::string step_at(const Node* node, std::string_view checker, SourceType type,
                    std::string_view what, Context& context) {
  if (node == nullptr) return {};
  const std::string name = as_text(*node, context.complaints).value_or("");
  const std::set<std::string> known(context.steps.begin(), context.steps.end());
  if (!check_known(*node, name, known, "step", context.complaints)) return name;
  const auto source = context.sources.find(name);
  if (source != context.sources.end() && source->second != type) {
    context.complaints.at(*node,
                          fmt::format("\"{}\" is about {}; \"{}\" is none", checker, what, name));
  }
  return name;
}

void decode_resources(Reader& reader, Checker& checker, Context& context) {
  checker.actor = actor_at(reader.require("actor"), kProcesses, "\"resources_flat\"", context);
  checker.rss = reader.size("rss", checker.rss);
  checker.fds = reader.integer("fds", checker.fds);
  const Node* node = reader.require("step");
  if (node == nullptr) return;
  checker.step = as_text(*node, context.complaints).value_or("");
  const std::set<std::string> known(context.steps.begin(), context.steps.end());
  if (!check_known(*node, checker.step, known, "step", context.complaints)) return;
  for (const Step& step : context.cell.steps) {
    if (step.name != checker.step || step.repeat > 1) continue;
    context.complaints.at(*node,
                          fmt::format("\"resources_flat\" watches a step that repeats; \"{}\" "
                                      "doesn't",
                                      checker.step));
  }
}

void decode_chain(Reader& reader, Checker& checker, Context& context) {
  const Node* list = reader.require("middleware");
  if (list == nullptr) return;
  if (!list->is_list() || list->items.empty()) {
    context.complaints.at(*list, "\"middleware\" is a list of services, in the order of the chain");
  }
  for (const NodePtr& item : list->items) {
    std::string name = actor_at(item.get(), kServices, "\"chain_order\"", context);
    const auto& known = checker.middleware;
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      context.complaints.at(*item, fmt::format("\"{}\" stands twice", name));
    }
    if (context.foreign.contains(name)) {
      context.complaints.at(*item, fmt::format("\"{}\" is another program and tells of no call, "
                                               "so its place in a chain isn't seen",
                                               name));
    }
    checker.middleware.push_back(std::move(name));
  }
}

Checker decode_checker(const Node& item, const std::string& name, Context& context) {
  Reader reader(item, keys::checker(name), context.complaints);
  Checker checker;
  checker.name = name;
  if (name == "resources_flat") decode_resources(reader, checker, context);
  if (name == "chain_order") decode_chain(reader, checker, context);
  const bool named = name == "chain_order" && reader.has("provider");
  if (named) checker.provider = provider_at(reader.get("provider"), context);
  const bool stream = name == "stream_prefix";
  if (stream || name == "credential_epochs" || name == "forwarded_once") {
    checker.provider = provider_at(reader.require("provider"), context);
  }
  if (stream) {
    checker.step = step_at(reader.require("step"), name, SourceType::request, "a request", context);
  }
  return checker;
}

void decode_witness(Reader& reader, Expectation& out, Context& context) {
  const Node* node = reader.get("witness");
  if (node == nullptr) return;
  Witness witness;
  if (node->is_map()) {
    Reader inner(*node, keys::witness(), context.complaints);
    witness.selector = decode_selector(inner, SelectorUse::any, context);
    witness.at_least = inner.integer("at_least", 1, 1);
  } else {
    witness.selector = decode_selector(*node, SelectorUse::any, context);
  }
  out.witness = std::move(witness);
}

// A `never` needs one by its table.
void check_witness(const Node& node, const Expectation& out, Context& context) {
  const auto* count = std::get_if<Count>(&out.item);
  if (count == nullptr || out.witness) return;
  const bool bounded = count->at_least || count->at_most;
  if (!bounded || count->at_least.value_or(0) != 0) return;
  context.complaints.at(node,
                        "a count that may be 0 holds for an empty journal, so it needs a "
                        "\"witness\": an event that proves that the situation arose");
}

// The one question of the item, or nothing after a complaint.
std::optional<std::string> question_of(const Node& node, Context& context) {
  const Words known = keys::questions();
  std::vector<std::string> found;
  for (const Entry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) found.push_back(entry.key);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    context.complaints.at(
        node, fmt::format("an item asks one question; this has {} and {}", found[0], found[1]));
    return std::nullopt;
  }
  for (const Entry& entry : node.entries) {
    if (const auto meant = base::nearest(entry.key, known)) {
      context.complaints.at_key(
          entry, fmt::format("unknown question \"{}\"; did you mean \"{}\"?", entry.key, *meant));
      return std::nullopt;
    }
  }
  context.complaints.at(
      node, fmt::format("an item of expect is a map with one of {}", fmt::join(known, ", ")));
  return std::nullopt;
}

void decode_item(const std::string& question, Reader& reader, const Node& value, Expectation& out,
                 Context& context) {
  if (question == "count") out.item = decode_count(reader, value, context);
  if (question == "never") {
    out.item = Never{decode_selector(value, SelectorUse::any, context)};
  }
  if (question == "always") out.item = decode_always(reader, value, context);
  if (question == "eventually") out.item = decode_eventually(reader, value, context);
  if (question == "ordered") out.item = decode_ordered(value, context);
  if (question == "span") out.item = decode_span(reader, value, context);
  if (question == "same") out.item = decode_compare(value, false, context);
  if (question == "differs") out.item = decode_compare(value, true, context);
}

std::optional<Expectation> decode_expectation(const Node& node, Context& context) {
  const auto question = question_of(node, context);
  if (!question) return std::nullopt;
  Expectation out;
  out.place = node.use();
  out.record = node.record();
  const Node& value = *node.find(*question);
  if (*question == "checker") {
    const auto name = as_word(value, keys::checkers(), "a checker", context.complaints);
    if (!name) return std::nullopt;
    out.item = decode_checker(node, *name, context);
  } else {
    Reader reader(node, keys::item(*question), context.complaints);
    decode_item(*question, reader, value, out, context);
    if (*question == "count" || *question == "never") decode_witness(reader, out, context);
  }
  check_witness(node, out, context);
  for (const char* key : {"is", "at_least", "at_most"}) {
    const Node* limit = node.find(key);
    if (limit != nullptr && limit->record()) out.record = limit->record();
  }
  const Node* when = node.find("when");
  const bool applies = when == nullptr || context.matrix.when_fits(*when, context.cell.values);
  if (!applies) return std::nullopt;
  return out;
}

}  // namespace

void decode_expectations(const Node& list, Context& context,
                         std::map<std::size_t, Expectation>& across) {
  if (!list.is_list()) {
    context.complaints.at(list, "\"expect\" is a list of items");
    return;
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    auto item = decode_expectation(*list.items[i], context);
    if (!item) continue;
    const auto* compare = std::get_if<Compare>(&item->item);
    if (compare != nullptr && !compare->across.empty()) {
      across.emplace(i, std::move(*item));
    } else {
      context.cell.expect.push_back(std::move(*item));
    }
  }
}

}  // namespace sallyport::sim::scenario
