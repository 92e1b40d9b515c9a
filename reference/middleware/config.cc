#include "reference/middleware/config.h"

#include <google/protobuf/struct.pb.h>

#include <cmath>
#include <map>

#include "reference/policy/config_json.h"

namespace sallyport::middleware {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

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

std::string json_from_struct(const Struct& config) {
  std::string out;
  write_struct(config, out);
  return out;
}

}  // namespace sallyport::middleware
