// Whether one event is what a selector means; the journal does since, before and nth.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "simulator/journal/query.h"

namespace sallyport::sim::journal {
namespace {

// Names that stand for any source of a type.
std::string_view type_of_group(std::string_view source) {
  if (source == "providers") return "provider";
  if (source == "decoys") return "decoy";
  if (source == "supervisors") return "supervisor";
  if (source == "middleware") return "middleware";
  return {};
}

bool source_fits(const Event& event, const std::string& source) {
  const std::string_view type = type_of_group(source);
  return type.empty() ? event.source == source : event.source_type == type;
}

bool field_fits(const Event& event, const std::string& field, const Matcher& matcher,
                bool lenient_step) {
  if (lenient_step && field == "step" && event.step.empty()) return true;
  return fits(event.find(field), matcher);
}

}  // namespace

std::string Selector::to_string() const {
  std::string text = source + "." + kind;
  std::vector<std::string> parts;
  for (const auto& [field, matcher] : where) {
    parts.push_back(fmt::format("{}: {}", field, describe(matcher)));
  }
  if (!parts.empty()) text += fmt::format(" where {{{}}}", fmt::join(parts, ", "));
  if (!since.empty()) text += " since " + since;
  if (!before.empty()) text += " before " + before;
  if (nth != 0) text += fmt::format(" (number {})", nth);
  return text;
}

bool fits(const Event& event, const Selector& selector, bool lenient_step) {
  if (event.kind != selector.kind || !source_fits(event, selector.source)) return false;
  for (const auto& [field, matcher] : selector.where) {
    if (!field_fits(event, field, matcher, lenient_step)) return false;
  }
  return true;
}

Miss misses(const Event& event, const Selector& selector) {
  Miss miss;
  std::vector<std::string> texts;
  if (!source_fits(event, selector.source)) {
    texts.push_back(fmt::format("it is {}'s, not {}'s", event.source, selector.source));
  }
  if (event.kind != selector.kind) {
    texts.push_back(fmt::format("it is a {}, not a {}", event.kind, selector.kind));
  }
  for (const auto& [field, matcher] : selector.where) {
    const Value* value = event.find(field);
    if (fits(value, matcher)) continue;
    texts.push_back(fmt::format("{} is {}, not {}", field, describe(value), describe(matcher)));
  }
  miss.fields = static_cast<int>(texts.size());
  miss.text = fmt::format("{}", fmt::join(texts, "; "));
  return miss;
}

}  // namespace sallyport::sim::journal
