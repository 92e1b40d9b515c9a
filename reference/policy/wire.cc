#include "reference/policy/wire.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/json_util.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/policy/config_json.h"

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::Node;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

// Documents and messages agree on all names but these.
struct Renamed {
  std::string_view field;   // of the contract
  std::string_view key;     // in the document
  std::string_view member;  // of a map under that key; empty: the value itself
};

constexpr std::array<Renamed, 2> kRenamed{{
    {"openshell.sandbox.v1.SandboxPolicy.filesystem", "filesystem_policy", ""},
    {"openshell.sandbox.v1.NetworkEndpoint.json_rpc_max_body_bytes", "json_rpc", "max_body_bytes"},
}};

// Written even where they have their default: a document has another one, or none.
constexpr std::array<std::string_view, 2> kAlways{
    "openshell.sandbox.v1.NetworkMiddlewareConfig.order",
    "openshell.sandbox.v1.FilesystemPolicy.include_workdir"};
// A port beside `ports` is the first of them, for readers that know only one.
constexpr std::string_view kPort = "openshell.sandbox.v1.NetworkEndpoint.port";
// A pattern alone stands for it in a document.
constexpr std::string_view kMatcher = "openshell.sandbox.v1.L7QueryMatcher";

const Renamed* renamed(const FieldDescriptor& field) {
  for (const Renamed& one : kRenamed) {
    if (field.full_name() == one.field) return &one;
  }
  return nullptr;
}

void write(JsonWriter& out, std::string_view text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_key(JsonWriter& out, std::string_view text) {
  out.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_double(JsonWriter& out, double number) {
  if (!std::isfinite(number)) return write(out, fmt::format("{}", number));  // JSON has no word
  std::string text;
  write_number(number, text);
  out.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

void write_value(JsonWriter& out, const google::protobuf::Value& value);

void write_struct(JsonWriter& out, const google::protobuf::Struct& values) {
  std::map<std::string_view, const google::protobuf::Value*> sorted;
  for (const auto& [key, value] : values.fields()) sorted.emplace(key, &value);
  out.StartObject();
  for (const auto& [key, value] : sorted) {
    write_key(out, key);
    write_value(out, *value);
  }
  out.EndObject();
}

void write_value(JsonWriter& out, const google::protobuf::Value& value) {
  using Kind = google::protobuf::Value::KindCase;
  switch (value.kind_case()) {
    case Kind::kNumberValue:
      return write_double(out, value.number_value());
    case Kind::kStringValue:
      return write(out, value.string_value());
    case Kind::kBoolValue:
      out.Bool(value.bool_value());
      return;
    case Kind::kStructValue:
      return write_struct(out, value.struct_value());
    case Kind::kListValue:
      out.StartArray();
      for (const auto& item : value.list_value().values()) write_value(out, item);
      out.EndArray();
      return;
    case Kind::kNullValue:
    case Kind::KIND_NOT_SET:
      break;
  }
  out.Null();
}

void write_message(JsonWriter& out, const Message& message);

// One value of a field: the whole of it, or item `at` of a repeated one.
void write_one(JsonWriter& out, const Message& message, const FieldDescriptor& field, int at) {
  const Reflection& reading = *message.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return write(out, many ? reading.GetRepeatedString(message, &field, at)
                             : reading.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      out.Bool(many ? reading.GetRepeatedBool(message, &field, at)
                    : reading.GetBool(message, &field));
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      out.Int(many ? reading.GetRepeatedInt32(message, &field, at)
                   : reading.GetInt32(message, &field));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      out.Uint(many ? reading.GetRepeatedUInt32(message, &field, at)
                    : reading.GetUInt32(message, &field));
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return write_message(out, many ? reading.GetRepeatedMessage(message, &field, at)
                                     : reading.GetMessage(message, &field));
    default:
      break;
  }
  out.Null();  // a type that the contract doesn't use: no reader takes a null
}

void write_map(JsonWriter& out, const Message& message, const FieldDescriptor& field) {
  const Reflection& reading = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::map<std::string, const Message*> sorted;
  for (int i = 0; i < reading.FieldSize(message, &field); ++i) {
    const Message& entry = reading.GetRepeatedMessage(message, &field, i);
    sorted.emplace(entry.GetReflection()->GetString(entry, &key), &entry);
  }
  out.StartObject();
  for (const auto& [name, entry] : sorted) {
    write_key(out, name);
    write_one(out, *entry, value, 0);
  }
  out.EndObject();
}

void write_field(JsonWriter& out, const Message& message, const FieldDescriptor& field) {
  const Reflection& reading = *message.GetReflection();
  if (field.is_map()) return write_map(out, message, field);
  if (!field.is_repeated()) return write_one(out, message, field, 0);
  out.StartArray();
  for (int i = 0; i < reading.FieldSize(message, &field); ++i) write_one(out, message, field, i);
  out.EndArray();
}

bool is_set(const Message& message, const FieldDescriptor& field) {
  const Reflection& reading = *message.GetReflection();
  if (field.full_name() == kPort) {
    const FieldDescriptor* const ports = message.GetDescriptor()->FindFieldByName("ports");
    if (reading.FieldSize(message, ports) > 0) return false;
  }
  if (field.is_repeated()) return reading.FieldSize(message, &field) > 0;
  return reading.HasField(message, &field) ||
         std::find(kAlways.begin(), kAlways.end(), field.full_name()) != kAlways.end();
}

// `glob` where there is no `any`, though it be empty.
bool write_matcher(JsonWriter& out, const Message& message) {
  const auto* const matcher = dynamic_cast<const openshell::sandbox::v1::L7QueryMatcher*>(&message);
  if (matcher == nullptr || matcher->any_size() > 0) return false;
  write(out, matcher->glob());
  return true;
}

void write_message(JsonWriter& out, const Message& message) {
  if (write_matcher(out, message)) return;
  if (const auto* const values = dynamic_cast<const google::protobuf::Struct*>(&message)) {
    return write_struct(out, *values);
  }
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  out.StartObject();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!is_set(message, field)) continue;
    const Renamed* const other = renamed(field);
    write_key(out, other == nullptr ? std::string_view(field.name()) : other->key);
    const bool nested = other != nullptr && !other->member.empty();
    if (nested) {
      out.StartObject();
      write_key(out, other->member);
    }
    write_field(out, message, field);
    if (nested) out.EndObject();
  }
  // It may narrow what the rest allows, so it isn't dropped: the loader refuses the key.
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (!unknown.empty()) {
    write_key(out, fmt::format("unknown_field_{}", unknown.field(0).number()));
    out.Bool(true);
  }
  out.EndObject();
}

template <class Integer>
Integer integer(const std::string& text) {
  Integer value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void read_message(const Node& node, Message& into);

void read_one(const Node& node, Message& into, const FieldDescriptor& field) {
  const Reflection& writing = *into.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      many ? writing.AddString(&into, &field, node.text)
           : writing.SetString(&into, &field, node.text);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      many ? writing.AddBool(&into, &field, node.text == "true")
           : writing.SetBool(&into, &field, node.text == "true");
      return;
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto value = integer<std::int32_t>(node.text);
      many ? writing.AddInt32(&into, &field, value) : writing.SetInt32(&into, &field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto value = integer<std::uint32_t>(node.text);
      many ? writing.AddUInt32(&into, &field, value) : writing.SetUInt32(&into, &field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return read_message(
          node, many ? *writing.AddMessage(&into, &field) : *writing.MutableMessage(&into, &field));
    default:
      return;
  }
}

void read_map(const Node& node, Message& into, const FieldDescriptor& field) {
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  for (const Entry& entry : node.entries) {
    Message& added = *into.GetReflection()->AddMessage(&into, &field);
    added.GetReflection()->SetString(&added, &key, entry.key);
    read_one(*entry.value, added, value);
  }
}

// The field that a key stands for, and the node that has its value.
std::pair<const FieldDescriptor*, const Node*> field_of(const Entry& entry, const Message& into) {
  const google::protobuf::Descriptor& type = *into.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const Renamed* const other = renamed(*type.field(i));
    if (other == nullptr || other->key != entry.key) continue;
    const Node* const value =
        other->member.empty() ? entry.value.get() : entry.value->find(other->member);
    return {value == nullptr ? nullptr : type.field(i), value};
  }
  return {type.FindFieldByName(entry.key), entry.value.get()};
}

void read_message(const Node& node, Message& into) {
  if (auto* const values = dynamic_cast<google::protobuf::Struct*>(&into)) {
    // What isn't an object stays an empty one; the loader has refused it.
    if (!google::protobuf::util::JsonStringToMessage(base::yaml::to_json(node), values).ok()) {
      values->Clear();
    }
    return;
  }
  if (node.is_scalar() && into.GetDescriptor()->full_name() == kMatcher) {
    into.GetReflection()->SetString(&into, into.GetDescriptor()->FindFieldByName("glob"),
                                    node.text);
    return;
  }
  for (const Entry& entry : node.entries) {
    const auto [field, value] = field_of(entry, into);
    if (field == nullptr) continue;
    if (field->is_map()) {
      read_map(*value, into, *field);
    } else if (field->is_repeated() && value->is_list()) {
      for (const auto& item : value->items) read_one(*item, into, *field);
    } else {
      read_one(*value, into, *field);
    }
  }
}

}  // namespace

std::string policy_document(const openshell::sandbox::v1::SandboxPolicy& policy) {
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  write_message(out, policy);
  return {buffer.GetString(), buffer.GetSize()};
}

openshell::sandbox::v1::SandboxPolicy policy_message(const Node& document) {
  openshell::sandbox::v1::SandboxPolicy policy;
  read_message(document, policy);
  const Node* const filesystem = document.find("filesystem_policy");
  if (filesystem != nullptr && filesystem->find("include_workdir") == nullptr) {
    policy.mutable_filesystem()->set_include_workdir(true);
  }
  return policy;
}

}  // namespace sallyport::policy
