#include "reference/readiness/completion.h"

#include <rapidjson/document.h>

namespace sallyport::readiness {
namespace {

using Value = rapidjson::Value;

const Value* member(const Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

void add_text(const Value& value, std::string& into) {
  if (value.IsString()) into.append(value.GetString(), value.GetStringLength()).push_back('\n');
}

void add_content(const Value& content, std::string& into) {
  add_text(content, into);
  if (!content.IsArray()) return;
  for (const Value& part : content.GetArray()) {
    if (const Value* text = member(part, "text")) add_text(*text, into);
  }
}

}  // namespace

std::optional<std::string> completion_text(std::string_view json) {
  // The iterative parser: nesting costs heap, never stack.
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError()) return std::nullopt;
  const Value* choices = member(document, "choices");
  if (choices == nullptr || !choices->IsArray()) return std::nullopt;
  std::string text;
  for (const Value& choice : choices->GetArray()) {
    const Value* message = member(choice, "message");
    const Value* content = message != nullptr ? member(*message, "content") : nullptr;
    if (content != nullptr) add_content(*content, text);
  }
  return text;
}

}  // namespace sallyport::readiness
