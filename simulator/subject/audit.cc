// OCSF events as the harness reads them: its own eyes, told nothing by the code that writes them.
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {
namespace {

std::optional<std::string> text_at(const rapidjson::Document& document, const char* pointer) {
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(document);
  if (value == nullptr) return std::nullopt;
  if (value->IsString()) return std::string(value->GetString(), value->GetStringLength());
  if (value->IsInt64()) return std::to_string(value->GetInt64());
  return std::nullopt;
}

struct Place {
  const char* field;
  const char* pointer;
};

constexpr Place kPlaces[] = {
    {"class", "/class_name"},
    {"activity", "/activity_name"},
    {"action", "/action"},
    {"disposition", "/disposition"},
    {"severity", "/severity"},
    {"status", "/status"},
    {"detail", "/status_detail"},
    {"message", "/message"},
    {"policy", "/firewall_rule/name"},
    {"engine", "/firewall_rule/type"},
    {"actor", "/actor/process/name"},
    {"uid", "/finding_info/uid"},
    {"state", "/state"},
    {"generation", "/unmapped/generation"},
    {"config_revision", "/unmapped/config_revision"},
    {"bundle_revision", "/unmapped/bundle_revision"},
    {"environment_revision", "/unmapped/environment_revision"},
    {"part", "/unmapped/part"},
};

}  // namespace

std::optional<std::map<std::string, std::string>> audit_fields(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  if (!text_at(document, "/class_uid")) return std::nullopt;
  std::map<std::string, std::string> fields;
  for (const Place& place : kPlaces) {
    if (auto text = text_at(document, place.pointer)) fields[place.field] = std::move(*text);
  }
  return fields;
}

}  // namespace sallyport::sim::subject
