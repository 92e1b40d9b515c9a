#include "simulator/scenario/reference_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "simulator/scenario/keys.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

std::string codes(Words words) {
  std::vector<std::string> all;
  for (const std::string_view word : words) all.push_back(code(word));
  return fmt::format("{}", fmt::join(all, ", "));
}

// A cell's text may not end the cell.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

// A table; a column in which nothing is said is left out.
std::string table(const std::vector<std::string>& heads, const Rows& rows) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const bool said =
        std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return !row[i].empty(); });
    if (said) columns.push_back(i);
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    out += "|";
    for (const std::size_t column : columns) out += " " + escaped(cells[column]) + " |";
    out += "\n";
  };
  line(heads);
  out += "|";
  for (std::size_t i = 0; i < columns.size(); ++i) out += "---|";
  out += "\n";
  for (const auto& row : rows) line(row);
  return out;
}

std::string written(const Shape& shape);

std::string of_parts(const Shape& shape, std::string_view between) {
  std::vector<std::string> parts;
  for (const Shape& part : shape.parts) parts.push_back(written(part));
  return fmt::format("{}", fmt::join(parts, between));
}

// How a value is written, where the table doesn't say it in words.
std::string written(const Shape& shape) {
  using Kind = Shape::Kind;
  static const std::map<Kind, std::string_view> kSimple{
      {Kind::text, "text"},           {Kind::integer, "integer"},
      {Kind::boolean, "boolean"},     {Kind::duration, "duration"},
      {Kind::size, "size"},           {Kind::octets, "size or integer"},
      {Kind::rate, "rate"},           {Kind::byte_rate, "size a second (`64KiB/s`)"},
      {Kind::address, "address"},     {Kind::endpoint, "address and port"},
      {Kind::cidr, "CIDR"},           {Kind::bound, "bound"},
      {Kind::json, "json"},           {Kind::name, "a name"},
      {Kind::selector, "a selector"}, {Kind::trigger, "a selector"},
      {Kind::matcher, "a matcher"},   {Kind::pairs, "map from name to text"},
      {Kind::document, "a map"},      {Kind::step, "a step"},
      {Kind::claim, "a claim"},       {Kind::facts, "map from fact to matcher"},
      {Kind::maps, "a map"},          {Kind::matrix, "a matrix"}};
  if (shape.kind == Kind::word) return codes(shape.words);
  if (shape.kind == Kind::map) return std::string(shape.keys().what);
  if (shape.kind == Kind::list) return "list of " + of_parts(shape, "");
  if (shape.kind != Kind::either) return std::string(kSimple.at(shape.kind));
  const bool several = shape.parts.size() == 2 && shape.parts[1].kind == Kind::list &&
                       shape.parts[1].parts[0].kind == shape.parts[0].kind;
  return several ? "list of " + written(shape.parts[0]) + "s" : of_parts(shape, ", or ");
}

std::string value_of(const Key& key) {
  return key.value.empty() ? written(key.shape) : std::string(key.value);
}

Rows rows_of(const std::vector<Key>& keys) {
  Rows rows;
  for (const Key& key : keys) {
    rows.push_back({code(key.name), value_of(key), key.needed ? "needed" : std::string(key.absent),
                    std::string(key.meaning)});
  }
  return rows;
}

std::string keys_table(const std::vector<Key>& keys) {
  return table({"key", "value", "default", "meaning"}, rows_of(keys));
}

// A step's own fields, without what the page tells of all steps.
std::string step_table(std::string_view verb) {
  std::vector<Key> own = keys::step(verb).keys;
  std::erase_if(own, [&](const Key& key) {
    return key.name == verb || keys::modifiers().find(key.name) != nullptr ||
           keys::client_modifiers().find(key.name) != nullptr ||
           keys::repeat_modifiers().find(key.name) != nullptr;
  });
  return keys_table(own);
}

std::string beside(const Key& key) {
  return fmt::format("{}{}{}", code(key.name), key.needed ? "" : " ",
                     key.needed ? "" : fmt::format("({})", key.absent));
}

std::string control_table() {
  Rows rows;
  for (const std::string_view verb : keys::verbs()) {
    const Keys& step = keys::step(verb);
    const bool client = step.find("from") != nullptr;
    const Key& own = *step.find(verb);
    if (client || verb == "pause") continue;
    std::vector<std::string> others;
    for (const Key& key : step.keys) {
      if (key.name == verb || keys::modifiers().find(key.name) != nullptr) continue;
      others.push_back(beside(key));
    }
    if (verb == "fault") others = {code("target"), "and what the kind has"};
    rows.push_back({code(verb) + ": " + value_of(own),
                    fmt::format("{}", fmt::join(others, verb == "fault" ? " " : ", ")),
                    std::string(own.meaning)});
  }
  return table({"verb", "beside it", "what it does"}, rows);
}

std::string fault_table() {
  Rows rows;
  for (const keys::FaultKeys& fault : keys::faults()) {
    rows.push_back({code(fault.kind), std::string(fault.target), codes(fault.fields),
                    std::string(fault.meaning)});
  }
  return table({"kind", "target", "fields", "what happens"}, rows) + "\n" + keys_table([] {
           std::vector<Key> fields = keys::step("fault").keys;
           std::erase_if(fields, [](const Key& key) {
             return key.name == "fault" || key.name == "target" ||
                    keys::modifiers().find(key.name) != nullptr;
           });
           return fields;
         }());
}

std::string fields_of(const Kind& kind) {
  std::vector<std::string_view> names;
  for (const Field& field : kind.fields) {
    if (!field.name.empty()) names.push_back(field.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string event_table() {
  static const std::vector<std::pair<std::string_view, SourceType>> kSources{
      {"a provider", SourceType::provider},    {"a middleware service", SourceType::middleware},
      {"a decoy", SourceType::decoy},          {"`dns`", SourceType::dns},
      {"`gateway`", SourceType::gateway},      {"a supervisor", SourceType::supervisor},
      {"a request step", SourceType::request}, {"a websocket step", SourceType::websocket},
      {"a raw step", SourceType::raw},         {"a run step", SourceType::run},
      {"a gate step", SourceType::gate},       {"any other step", SourceType::control},
      {"a fault step", SourceType::fault},     {"a firewall rule", SourceType::rule}};
  Rows rows;
  for (const auto& [name, type] : kSources) {
    const auto facts = facts_of(type);
    std::vector<std::string> kinds;
    for (const Kind& kind : kinds_of(type)) {
      if (!kind.supported) continue;
      const bool all_facts = facts.size() > 3 && kind.fields.size() >= facts.size();
      const std::string fields = all_facts ? "the facts" : fields_of(kind);
      kinds.push_back(code(kind.name) + (fields.empty() ? "" : ": " + fields));
    }
    rows.push_back({std::string(name), fmt::format("{}", fmt::join(kinds, ". "))});
  }
  return table({"source", "kind: fields"}, rows);
}

std::string question_table() {
  Rows rows;
  for (const std::string_view question : keys::questions()) {
    const Keys& item = keys::item(question);
    const Key& own = *item.find(question);
    std::vector<std::string> others;
    for (const Key& key : item.keys) {
      if (key.name != question && key.name != "when") others.push_back(beside(key));
    }
    if (question == "checker") others = {"its arguments, below"};
    rows.push_back({code(question) + ": " + (question == "checker" ? "a name" : value_of(own)),
                    fmt::format("{}", fmt::join(others, ", ")), std::string(own.meaning)});
  }
  return table({"question", "with", "holds if"}, rows);
}

std::string checker_table() {
  Rows rows;
  for (const std::string_view checker : keys::checkers()) {
    std::vector<std::string> arguments;
    for (const Key& key : keys::checker(checker).keys) {
      if (key.name != "checker" && key.name != "when") arguments.push_back(beside(key));
    }
    rows.push_back({code(checker), fmt::format("{}", fmt::join(arguments, ", ")),
                    std::string(keys::checker_breaks(checker))});
  }
  return table({"checker", "arguments", "what breaks it"}, rows);
}

const Keys* keys_named(std::string_view name) {
  for (const Keys* keys : keys::all()) {
    if (keys->name == name) return keys;
  }
  return nullptr;
}

// What stands between `<!-- ` and ` -->`.
std::optional<std::string> asked_for(std::string_view what) {
  if (what == "control verbs") return control_table();
  if (what == "faults") return fault_table();
  if (what == "events") return event_table();
  if (what == "questions") return question_table();
  if (what == "checkers") return checker_table();
  const std::size_t colon = what.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view kind = what.substr(0, colon);
  const std::string_view name = what.substr(colon + 2);
  if (kind == "keys") {
    const Keys* const keys = keys_named(name);
    return keys == nullptr ? std::nullopt : std::optional(keys_table(keys->keys));
  }
  const Words verbs = keys::verbs();
  if (kind != "step" || std::find(verbs.begin(), verbs.end(), name) == verbs.end()) {
    return std::nullopt;
  }
  return step_table(name);
}

}  // namespace

ReferencePage reference_page(std::string_view prose) {
  constexpr std::string_view kOpen = "<!-- ";
  constexpr std::string_view kClose = " -->";
  ReferencePage page;
  page.text =
      "<!-- Made by `sallyport reference` from docs/scenario-reference.in.md and the tables of\n"
      "     simulator/scenario/keys_*.cc: change those, then run ci/generate. -->\n";
  while (!prose.empty()) {
    const std::size_t end = prose.find('\n');
    const std::string_view line = prose.substr(0, end);
    prose.remove_prefix(end == std::string_view::npos ? prose.size() : end + 1);
    if (!line.starts_with(kOpen) || !line.ends_with(kClose)) {
      page.text += std::string(line) + "\n";
      continue;
    }
    const auto made =
        asked_for(line.substr(kOpen.size(), line.size() - kOpen.size() - kClose.size()));
    if (!made) page.unknown.emplace_back(line);
    page.text += made.value_or("");
  }
  return page;
}

}  // namespace sallyport::sim::scenario
