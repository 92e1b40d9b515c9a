#include "reference/middleware/config.h"

#include <google/protobuf/struct.pb.h>
#include <rapidjson/document.h>

#include <cmath>
#include <map>

#include "reference/policy/config_json.h"

namespace sallyport::middleware {
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

void write_struct(const Struct& from, std::string& out);

// As deep as the message, and Protobuf's parser bounds that (100).
void write_value(const Value& from, std::string& out) {
  switch (from.kind_case()) {
    case Value::kStructValue:
      return write_struct(from.struct_value(), out);
    case Value::kListValue: {
      out += '[';
      for (int i = 0; i < from.list_value().values_size(); ++i) {
        if (i != 0) out += ',';
        write_value(from.list_value().values(i), out);
      }
      out += ']';
      return;
    }
    case Value::kStringValue:
      return policy::write_string(from.string_value(), out);
    case Value::kBoolValue:
      out += from.bool_value() ? "true" : "false";
      return;
    case Value::kNumberValue:
      // JSON has neither infinities nor NaN.
      if (!std::isfinite(from.number_value())) break;
      return policy::write_number(from.number_value(), out);
    default:
      break;
  }
  out += "null";
}

void write_struct(const Struct& from, std::string& out) {
  std::map<std::string_view, const Value*> sorted;
  for (const auto& [key, value] : from.fields()) sorted.emplace(key, &value);
  out += '{';
  bool first = true;
  for (const auto& [key, value] : sorted) {
    if (!first) out += ',';
    first = false;
    policy::write_string(key, out);
    out += ':';
    write_value(*value, out);
  }
  out += '}';
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

std::string json_from_struct(const Struct& config) {
  std::string out;
  write_struct(config, out);
  return out;
}

}  // namespace sallyport::middleware
