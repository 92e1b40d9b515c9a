#include "simulator/journal/json_value.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>

namespace sallyport::sim::journal {
namespace {

// Iterative: untrusted nesting must not use up the stack.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;
constexpr std::size_t kDocumentMax = 16U << 20U;
// Comparing and writing recurse, so what is nested deeper than this is no JSON to us.
constexpr std::size_t kNestingMax = 256;

bool nested_too_deeply(std::string_view text) {
  std::size_t depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++depth > kNestingMax) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

bool parse(std::string_view text, rapidjson::Document& document) {
  if (text.size() > kDocumentMax || nested_too_deeply(text)) return false;
  document.Parse<kFlags>(text.data(), text.size());
  return !document.HasParseError();
}

}  // namespace

bool same_json(std::string_view a, std::string_view b) {
  rapidjson::Document left;
  rapidjson::Document right;
  return parse(a, left) && parse(b, right) && left == right;
}

std::optional<Value> at_pointer(std::string_view document, std::string_view pointer) {
  rapidjson::Document parsed;
  if (!parse(document, parsed)) return std::nullopt;
  const rapidjson::Pointer path(pointer.data(), pointer.size());
  if (!path.IsValid()) return std::nullopt;
  const rapidjson::Value* found = path.Get(parsed);
  if (found == nullptr) return std::nullopt;
  if (found->IsString()) return Value(std::string(found->GetString(), found->GetStringLength()));
  if (found->IsInt64()) return Value(found->GetInt64());
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  if (!found->Accept(writer)) return std::nullopt;
  return Value(Json{std::string(buffer.GetString(), buffer.GetSize())});
}

bool json_is(std::string_view document, std::string_view text) {
  rapidjson::Document parsed;
  if (!parse(document, parsed)) return false;
  if (parsed.IsString()) {
    return std::string_view(parsed.GetString(), parsed.GetStringLength()) == text;
  }
  if (parsed.IsNumber()) {
    double wanted = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
    return error == std::errc{} && end == text.data() + text.size() && parsed.GetDouble() == wanted;
  }
  if (parsed.IsBool()) return text == (parsed.GetBool() ? "true" : "false");
  return parsed.IsNull() && text == "null";
}

}  // namespace sallyport::sim::journal
