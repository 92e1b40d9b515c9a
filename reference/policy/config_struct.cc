#include "reference/policy/config_struct.h"

#include <google/protobuf/struct.pb.h>
#include <rapidjson/document.h>

namespace sallyport::policy {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr int kDepthMax = 64;  // as deep as a policy document; deeper: no config

std::string text_of(const rapidjson::Value& value) {
  return std::string(value.GetString(), value.GetStringLength());
}

// As deep as kDepthMax lets it.
bool fill(const rapidjson::Value& from, int depth, Value& to) {
  if (depth > kDepthMax) return false;
  if (from.IsObject()) {
    Struct& members = *to.mutable_struct_value();
    for (const auto& member : from.GetObject()) {
      if (!fill(member.value, depth + 1, (*members.mutable_fields())[text_of(member.name)])) {
        return false;
      }
    }
  } else if (from.IsArray()) {
    ListValue& items = *to.mutable_list_value();
    for (const auto& item : from.GetArray()) {
      if (!fill(item, depth + 1, *items.add_values())) return false;
    }
  } else if (from.IsString()) {
    to.set_string_value(text_of(from));
  } else if (from.IsBool()) {
    to.set_bool_value(from.GetBool());
  } else if (from.IsNumber()) {
    to.set_number_value(from.GetDouble());
  } else {
    to.set_null_value(google::protobuf::NULL_VALUE);
  }
  return true;
}

}  // namespace

bool struct_from_json(std::string_view json, Struct& out) {
  out.Clear();
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      json.data(), json.size());
  Value root;
  if (document.HasParseError() || !document.IsObject() || !fill(document, 0, root)) return false;
  out.Swap(root.mutable_struct_value());
  return true;
}

std::shared_ptr<const Struct> struct_of(std::string_view json) {
  const auto made = std::make_shared<Struct>();
  return struct_from_json(json, *made) ? made : nullptr;
}

}  // namespace sallyport::policy
