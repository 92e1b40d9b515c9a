#include "simulator/journal/event.h"

namespace sallyport::sim::journal {
namespace {

const Value* lend(Fields& lent, std::string_view name, const std::string& text) {
  if (text.empty()) return nullptr;
  Value& value = lent[std::string(name)];
  value = text;
  return &value;
}

}  // namespace

const Value* Event::find(std::string_view name) const {
  if (name == "step") return lend(lent, name, step);
  if (name == "connection") return lend(lent, name, connection);
  if (name == "from") return lend(lent, name, from);
  if (name == "index") {
    if (index == 0) return nullptr;
    Value& value = lent["index"];
    value = static_cast<std::int64_t>(index);
    return &value;
  }
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

}  // namespace sallyport::sim::journal
