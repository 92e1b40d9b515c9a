// Matchers and bounds.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "reference/base/limits.h"
#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

bool late(const Node& node) { return node.text.find("$(") != std::string::npos; }

std::optional<std::string> number_text(const Node& node, std::string_view field,
                                       Complaints& complaints) {
  std::int64_t number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, number);
  if (error == std::errc{} && stop == end && !node.text.empty()) return node.text;
  complaints.at(node, fmt::format("\"{}\" is a number; \"{}\" isn't {}", field, node.text,
                                  base::kIntegerForm));
  return std::nullopt;
}

std::optional<std::string> size_text(const Node& node, Complaints& complaints) {
  if (base::parse_integer(node.text)) return node.text;
  const auto size = as_size(node, complaints);
  if (!size) return std::nullopt;
  return fmt::format("{}", *size);
}

// A matcher's scalar, brought to how the field's values compare.
std::optional<std::string> scalar_value(const Node& node, const Field& field, Context& context) {
  Complaints& complaints = context.complaints;
  if (!node.is_scalar()) {
    complaints.at(node, fmt::format("\"{}\" must be matched by a scalar, a list of scalars, or a "
                                    "map of parts",
                                    field.name));
    return std::nullopt;
  }
  if (late(node)) return node.text;
  switch (field.type) {
    case Type::number:
      return number_text(node, field.name, complaints);
    case Type::size:
      return size_text(node, complaints);
    case Type::duration: {
      const auto duration = as_duration(node, complaints);
      if (!duration) return std::nullopt;
      return fmt::format("{}", duration->count());
    }
    case Type::word:
      return as_word(node, field.words, fmt::format("a value of \"{}\"", field.name), complaints);
    case Type::json:  // the JSON that a pointer leads to
      (void)as_json(node, complaints);
      return node.text;
    case Type::text:
    case Type::headers:
      return as_text(node, complaints);
  }
  return std::nullopt;
}

void set_place(const Node& node, journal::Matcher& matcher) {
  const Place use = node.use();
  matcher.mark = use.mark;
  matcher.file = use.file;
  if (const auto record = node.record()) {
    matcher.record_mark = record->mark;
    matcher.record_file = record->file;
  }
}

// at_least and at_most: an integer, a size or a bound, as the field wants.
std::optional<std::int64_t> limit(const Node& node, const Field& field, journal::Matcher& matcher,
                                  Context& context) {
  if (!node.is_scalar()) {
    context.complaints.at(node, "a limit must be an integer, a size or a duration");
    return std::nullopt;
  }
  const bool open =
      field.type == Type::text || field.type == Type::headers || field.type == Type::json;
  if (field.type == Type::size || field.type == Type::number || open) {
    if (const auto number = base::parse_integer(node.text)) {
      return static_cast<std::int64_t>(*number);
    }
    if (const auto size = base::parse_size(node.text); size && field.type != Type::number) {
      return static_cast<std::int64_t>(*size);
    }
  }
  if (field.type == Type::duration || open) {
    matcher.time = true;
    const auto bound = decode_bound(node, context);
    return bound ? std::optional<std::int64_t>(bound->count()) : std::nullopt;
  }
  context.complaints.at(
      node, fmt::format("\"{}\" isn't {}", node.text,
                        field.type == Type::size ? base::kSizeForm : base::kIntegerForm));
  return std::nullopt;
}

void decode_pattern(Reader& reader, journal::Matcher& matcher) {
  const Node* node = reader.get("matches");
  if (node == nullptr) return;
  matcher.matches = as_text(*node, reader.complaints());
  if (!matcher.matches || late(*node)) return;
  if (const auto error = journal::pattern_error(*matcher.matches)) {
    reader.complaints().at(*node, fmt::format("not a pattern (RE2): {}", *error));
  }
}

void decode_parts(const Node& node, const Field& field, journal::Matcher& matcher,
                  Context& context) {
  Reader reader(node, keys::matcher(), context.complaints);
  if (node.entries.empty()) context.complaints.at(node, "a matcher needs at least one part");
  if (const Node* inner = reader.get("not")) {
    matcher.not_ = std::make_shared<journal::Matcher>(decode_matcher(*inner, field, context));
  }
  const auto text = [&](std::string_view key, std::optional<std::string>& out) {
    if (const Node* part = reader.get(key)) out = as_text(*part, context.complaints);
  };
  text("contains", matcher.contains);
  text("starts", matcher.starts);
  text("ends", matcher.ends);
  decode_pattern(reader, matcher);
  if (const Node* part = reader.get("absent")) {
    matcher.absent = as_boolean(*part, context.complaints);
  }
  if (const Node* part = reader.get("at_least")) {
    matcher.at_least = limit(*part, field, matcher, context);
  }
  if (const Node* part = reader.get("at_most")) {
    matcher.at_most = limit(*part, field, matcher, context);
  }
  if (const Node* part = reader.get("count")) {
    const auto count = as_integer(*part, context.complaints);
    if (count) matcher.count = static_cast<std::int64_t>(*count);
  }
  if (const Node* part = reader.get("equals")) {
    matcher.equals_json = journal::Json{as_json(*part, context.complaints)};
  }
}

// `headers: {name: MATCHER}` and `json: {/pointer: MATCHER}`.
void decode_members(const Node& node, const Field& field, journal::Matcher& matcher,
                    Context& context) {
  const Field member{field.name, field.type == Type::json ? Type::json : Type::text, {}};
  for (const Entry& entry : node.entries) {
    matcher.members[entry.key] = decode_matcher(*entry.value, member, context);
  }
}

bool all_pointers(const Node& node) {
  return !node.entries.empty() &&
         std::all_of(node.entries.begin(), node.entries.end(),
                     [](const Entry& entry) { return entry.key.starts_with("/"); });
}

std::optional<base::Duration> limit_of_supervisor(const Node& node, const std::string& name,
                                                  const Supervisor& supervisor, Context& context) {
  std::vector<std::string_view> times;
  for (const base::LimitField& field : base::limit_fields()) {
    if (field.time == nullptr) continue;
    times.push_back(field.name);
    if (field.name != name) continue;
    const auto set = supervisor.limits.find(name);
    if (set != supervisor.limits.end()) return base::Duration(set->second.value);
    return base::Limits{}.*field.time;
  }
  context.complaints.at(node, fmt::format("the supervisor has no time limit \"{}\"{}", name,
                                          base::suggestion(name, times)));
  return std::nullopt;
}

// ACTOR.FIELD, as it stands in this cell.
std::optional<base::Duration> time_of_actor(const Node& node, std::string_view name,
                                            Context& context) {
  const std::size_t dot = name.find('.');
  const std::string actor(name.substr(0, dot));
  const std::string field(dot == std::string_view::npos ? "" : name.substr(dot + 1));
  constexpr std::string_view kLimits = "limits.";
  std::vector<std::string_view> fields;
  if (const Supervisor* const supervisor = supervisor_named(context.cell, actor)) {
    if (field.starts_with(kLimits)) {
      return limit_of_supervisor(node, field.substr(kLimits.size()), *supervisor, context);
    }
    if (field == "poll") return supervisor->poll;
    fields = {"poll", "limits.NAME"};
  }
  for (const middleware::ServiceSpec& service : context.cell.middleware) {
    if (service.name != actor) continue;
    if (field == "timeout") return service.timeout;
    fields = {"timeout"};
  }
  if (fields.empty()) {
    context.complaints.at(node, fmt::format("\"{}\" isn't a bound: {}, SERVICE.timeout, "
                                            "supervisor.poll or supervisor.limits.NAME, perhaps "
                                            "times a number",
                                            node.text, base::kDurationForm));
  } else {
    context.complaints.at(node, fmt::format("\"{}\" has no time \"{}\"{}", actor, field,
                                            base::suggestion(field, fields)));
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> factor_of(std::string_view text) {
  double factor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(factor > 0) || factor > 1000) return std::nullopt;
  return factor;
}

}  // namespace

std::optional<base::Duration> decode_bound(const Node& node, Context& context) {
  Complaints& complaints = context.complaints;
  if (!node.is_scalar() || base::parse_duration(node.text)) return as_duration(node, complaints);
  const std::string_view text = node.text;
  const std::size_t star = text.find('*');
  const std::string_view name = trim(text.substr(0, star));
  double factor = 1;
  if (star != std::string_view::npos) {
    const auto given = factor_of(trim(text.substr(star + 1)));
    if (!given) {
      complaints.at(node, "the factor of a bound must be a number between 0 and 1000");
      return std::nullopt;
    }
    factor = *given;
  }
  const auto base = time_of_actor(node, name, context);
  if (!base) return std::nullopt;
  return base::Duration(static_cast<std::int64_t>(static_cast<double>(base->count()) * factor));
}

journal::Matcher decode_matcher(const Node& node, const Field& field, Context& context) {
  journal::Matcher matcher;
  set_place(node, matcher);
  matcher.time = field.type == Type::duration;
  const bool nested = node.is_map() && (field.type == Type::headers ||
                                        (field.type == Type::json && all_pointers(node)));
  if (nested) {
    decode_members(node, field, matcher, context);
  } else if (node.is_map()) {
    decode_parts(node, field, matcher, context);
  } else if (field.type == Type::headers) {
    context.complaints.at(node, "headers are matched by a map from name to matcher");
  } else {
    matcher.has_equals = true;
    std::vector<NodePtr> items = node.items;
    if (node.is_list() && items.empty()) {
      context.complaints.at(node, "a matcher that is a list needs at least one value");
    }
    for (const NodePtr& item : items) {
      if (auto value = scalar_value(*item, field, context)) matcher.equals_any.push_back(*value);
    }
    if (node.is_list()) return matcher;
    if (auto value = scalar_value(node, field, context)) matcher.equals_any.push_back(*value);
  }
  return matcher;
}

std::map<std::string, journal::Matcher> decode_matchers(const Node& node,
                                                        std::span<const Field> fields,
                                                        std::string_view what, Context& context) {
  std::map<std::string, journal::Matcher> out;
  if (!node.is_map()) {
    context.complaints.at(node, fmt::format("{} is matched by a map from name to matcher", what));
    return out;
  }
  const auto names = names_of(fields);
  for (const Entry& entry : node.entries) {
    const Field* field = find_by_name(fields, entry.key);
    if (field == nullptr) {
      context.complaints.at_key(entry, fmt::format("{} has no \"{}\"{}", what, entry.key,
                                                   base::suggestion(entry.key, names)));
      continue;
    }
    out[entry.key] = decode_matcher(*entry.value, *field, context);
  }
  return out;
}

}  // namespace sallyport::sim::scenario
