// Variables in texts, matchers and selectors.

#include "simulator/journal/query.h"

namespace sallyport::sim::journal {

std::string expand(std::string_view text, const Lookup& lookup, bool final) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with("$$(")) {
      out += final ? "$(" : "$$(";
      at += 3;
      continue;
    }
    const std::size_t end =
        text.substr(at).starts_with("$(") ? text.find(')', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[at++];
      continue;
    }
    const auto value = lookup(text.substr(at + 2, end - at - 2));
    out += value ? std::string_view(*value) : text.substr(at, end + 1 - at);
    at = end + 1;
  }
  return out;
}

namespace {

void expand_in_place(std::optional<std::string>& text, const Lookup& lookup) {
  if (text) text = expand(*text, lookup, true);
}

}  // namespace

Matcher expand(const Matcher& matcher, const Lookup& lookup) {
  Matcher out = matcher;
  for (std::string& text : out.equals_any) text = expand(text, lookup, true);
  for (auto* part : {&out.contains, &out.starts, &out.ends, &out.matches}) {
    expand_in_place(*part, lookup);
  }
  if (out.equals_json) out.equals_json->text = expand(out.equals_json->text, lookup, true);
  if (out.not_) out.not_ = std::make_shared<Matcher>(expand(*out.not_, lookup));
  for (auto& [name, member] : out.members) member = expand(member, lookup);
  return out;
}

Selector expand(const Selector& selector, const Lookup& lookup) {
  Selector out = selector;
  for (auto& [field, matcher] : out.where) matcher = expand(matcher, lookup);
  return out;
}

}  // namespace sallyport::sim::journal
