// Selectors: sources, kinds and fields that exist.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

struct Group {
  std::string_view name;
  SourceType type;
};

constexpr std::array<Group, 4> kGroups{{{"providers", SourceType::provider},
                                        {"decoys", SourceType::decoy},
                                        {"middleware", SourceType::middleware},
                                        {"supervisors", SourceType::supervisor}}};

std::optional<SourceType> type_of(const std::string& source, const Context& context) {
  if (const auto found = context.sources.find(source); found != context.sources.end()) {
    return found->second;
  }
  const Group* group = find_by_name(std::span<const Group>(kGroups), source);
  return group == nullptr ? std::nullopt : std::optional<SourceType>(group->type);
}

// Of services that are other programs only what the world itself sees is told.
bool foreign_tells(std::string_view kind) {
  return kind == "ready" || kind == "exit" || kind == "attempt";
}

bool is_foreign(const std::string& source, const Context& context) {
  if (source != "middleware") return context.foreign.contains(source);
  return !context.foreign.empty() &&
         std::all_of(context.sources.begin(), context.sources.end(), [&](const auto& known) {
           return known.second != SourceType::middleware || context.foreign.contains(known.first);
         });
}

void check_event(const Node& node, const journal::Selector& selector, Context& context) {
  const auto type = type_of(selector.source, context);
  Complaints& complaints = context.complaints;
  if (!type) {
    if (selector.source == "gateway") {
      complaints.at(node, "there is no gateway in this world; write gateway: {}");
      return;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, ignored] : context.sources) known.push_back(name);
    for (const Group& group : kGroups) known.push_back(group.name);
    complaints.at(node, fmt::format("no actor or step is called \"{}\"{}", selector.source,
                                    base::suggestion(selector.source, known)));
    return;
  }
  const std::span<const Kind> kinds(kinds_of(*type));
  const Kind* kind = find_by_name(kinds, selector.kind);
  if (kind == nullptr) {
    const auto names = names_of(kinds);
    complaints.at(node, fmt::format("\"{}\" has no event \"{}\"{}", selector.source, selector.kind,
                                    base::suggestion(selector.kind, names)));
  } else if (is_foreign(selector.source, context) && !foreign_tells(selector.kind)) {
    complaints.at(node, fmt::format("\"{}\" is another program and tells of no \"{}\"; what it "
                                    "does shows in what others see",
                                    selector.source, selector.kind));
  } else if (!kind->supported) {
    complaints.at(node,
                  not_yet(fmt::format("the event \"{}.{}\"", selector.source, selector.kind)));
  }
}

void split(const Node& node, journal::Selector& selector, Context& context) {
  const Place use = node.use();
  selector.mark = use.mark;
  selector.file = use.file;
  const std::size_t dot = node.is_scalar() ? node.text.find('.') : std::string::npos;
  if (dot == std::string::npos) {
    context.complaints.at(node, "an event is written SOURCE.EVENT, as in api.request");
    return;
  }
  selector.source = node.text.substr(0, dot);
  selector.kind = node.text.substr(dot + 1);
  check_event(node, selector, context);
}

std::string step_name(Reader& reader, std::string_view key, Context& context) {
  const Node* node = reader.get(key);
  if (node == nullptr) return {};
  const auto name = as_text(*node, context.complaints);
  if (!name) return {};
  const std::set<std::string> steps(context.steps.begin(), context.steps.end());
  check_known(*node, *name, steps, "step", context.complaints);
  return *name;
}

// What a `where` names must exist: a typo would make the selector match nothing, silently.
void check_values(const Node& where, const journal::Selector& selector, Context& context) {
  const auto check = [&](const char* field, const std::set<std::string>& known, const char* what) {
    const Node* node = where.find(field);
    if (node == nullptr || node->is_map()) return;
    if (node->is_scalar()) check_known(*node, node->text, known, what, context.complaints);
    for (const NodePtr& item : node->items) {
      if (item->is_scalar()) check_known(*item, item->text, known, what, context.complaints);
    }
  };
  check("step", {context.steps.begin(), context.steps.end()}, "step");
  check("from", context.hosts, "host");
  if (selector.kind != "request") return;
  std::set<std::string> keys{"unknown", "none"};
  for (const auto& [provider, names] : context.keys) {
    if (provider == selector.source || selector.source == "providers") {
      keys.insert(names.begin(), names.end());
    }
  }
  check("key", keys, "key");
}

}  // namespace

std::vector<Field> fields_of(const journal::Selector& selector, const Context& context) {
  const auto type = type_of(selector.source, context);
  if (!type) return {};
  const Kind* kind = find_by_name(std::span<const Kind>(kinds_of(*type)), selector.kind);
  if (kind == nullptr) return {};
  std::vector<Field> fields = kind->fields;
  const auto common = common_fields();
  fields.insert(fields.end(), common.begin(), common.end());
  return fields;
}

void decode_where(const Node& where, journal::Selector& selector, Context& context) {
  const std::vector<Field> fields = fields_of(selector, context);
  if (fields.empty()) return;
  const std::string what = fmt::format("the event \"{}.{}\"", selector.source, selector.kind);
  selector.where = decode_matchers(where, fields, what, context);
  check_values(where, selector, context);
}

journal::Selector decode_selector(Reader& reader, SelectorUse use, Context& context) {
  journal::Selector selector;
  if (const Node* event = reader.require("event")) split(*event, selector, context);
  if (const Node* where = reader.get("where")) decode_where(*where, selector, context);
  selector.since = step_name(reader, "since", context);
  selector.before = step_name(reader, "before", context);
  // A witness has none; its table says so.
  const Node* nth = reader.self().find("nth");
  if (nth != nullptr) {
    if (use == SelectorUse::any) {
      context.complaints.at(*nth,
                            "\"nth\" picks one event, so it stands only in triggers, "
                            "\"ordered\" and \"span\"");
    }
    selector.nth = as_integer(*nth, context.complaints).value_or(1);
    if (selector.nth == 0) context.complaints.at(*nth, "\"nth\" must be at least 1");
  }
  return selector;
}

journal::Selector decode_selector(const Node& node, SelectorUse use, Context& context) {
  journal::Selector selector;
  if (node.is_map()) {
    Reader reader(node, keys::selector(), context.complaints);
    selector = decode_selector(reader, use, context);
  } else {
    split(node, selector, context);
  }
  return selector;
}

}  // namespace sallyport::sim::scenario
