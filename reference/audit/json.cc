#include "reference/audit/json.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace sallyport::audit {
namespace {

constexpr std::string_view kSchemaVersion = "1.8.0";
constexpr std::string_view kProductVersion = "0.1.0";

// The length of the well-formed UTF-8 sequence that begins at `at`; 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

std::string well_formed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

// Names and texts go through here, so that one place escapes.
class Json {
 public:
  void open(std::string_view name = {}) {
    if (!name.empty()) key(name);
    writer_.StartObject();
  }
  void close() { writer_.EndObject(); }
  void open_list(std::string_view name) {
    key(name);
    writer_.StartArray();
  }
  void close_list() { writer_.EndArray(); }
  void item(std::string_view value) { string(value); }
  void text(std::string_view name, std::string_view value) {
    key(name);
    string(value);
  }
  void text_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, std::int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  void boolean(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  // OCSF writes an enum twice: `x_id` and `x`.
  void labelled(const std::string& name, int value, std::string_view label) {
    number(name + "_id", value);
    text(name, label);
  }
  [[nodiscard]] std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }
  void string(std::string_view value) {
    const std::string clean = well_formed(value);
    writer_.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
  }
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

bool is_address(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void write_peer(Json& json, std::string_view name, const Peer& peer) {
  json.open(name);
  json.text(is_address(peer.host) ? "ip" : "domain", peer.host);
  json.number("port", peer.port);
  json.close();
}

bool is_traffic(EventClass kind) {
  return kind == EventClass::network_activity || kind == EventClass::http_activity;
}

int category_of(EventClass kind) { return static_cast<int>(kind) / 1000; }

std::string_view category_name(int category) {
  switch (category) {
    case 2:
      return "Findings";
    case 4:
      return "Network Activity";
    case 5:
      return "Discovery";
    case 6:
      return "Application Activity";
    default:
      return "Uncategorized";
  }
}

void write_base(Json& json, const Event& event, std::int64_t wall_ms) {
  const int class_uid = static_cast<int>(event.kind);
  const std::string activity = activity_name(event);
  json.number("class_uid", class_uid);
  json.text("class_name", class_name(event.kind));
  json.number("category_uid", category_of(event.kind));
  json.text("category_name", category_name(category_of(event.kind)));
  json.number("activity_id", event.activity);
  json.text("activity_name", activity);
  json.number("type_uid", class_uid * 100 + event.activity);
  json.text("type_name", fmt::format("{}: {}", class_name(event.kind), activity));
  json.number("time", wall_ms);
  json.labelled("severity", static_cast<int>(event.severity), severity_name(event.severity));
  if (event.status) {
    json.labelled("status", static_cast<int>(*event.status), status_name(*event.status));
  }
  json.text_unless_empty("message", event.message);
  json.text_unless_empty("status_detail", event.status_detail);
}

void write_metadata(Json& json, const Event& event, const Origin& origin) {
  json.open("metadata");
  json.text("version", kSchemaVersion);
  json.open("product");
  json.text("name", "OpenShell Sandbox Supervisor");
  json.text("vendor_name", "OpenShell");
  json.text("version", kProductVersion);
  json.close();
  json.open_list("profiles");
  if (is_traffic(event.kind)) {
    for (const char* profile : {"security_control", "network_proxy", "container", "host"}) {
      json.item(profile);
    }
  } else if (event.kind == EventClass::api_activity) {
    json.item("ai_operation");
  }
  json.close_list();
  json.text_unless_empty("uid", origin.sandbox_id);
  json.close();
  if (!origin.hostname.empty()) {
    json.open("device");
    json.text("hostname", origin.hostname);
    json.open("os");
    json.text("name", "Linux");
    json.close();
    json.close();
  }
  if (!origin.sandbox_id.empty()) {
    json.open("container");
    json.text("uid", origin.sandbox_id);
    json.close();
  }
}

void write_http(Json& json, const HttpRequest& request) {
  json.open("http_request");
  json.text("http_method", request.method);
  json.open("url");
  json.text("scheme", request.scheme);
  json.text("hostname", request.host);
  json.text("path", std::string_view(request.path).substr(0, request.path.find('?')));
  json.number("port", request.port);
  json.close();
  json.close();
}

void write_process(Json& json, std::string_view key, std::string_view name, int pid) {
  json.open(key);
  json.text("name", name);
  json.number("pid", pid);
}

// Parents are nested, nearest first; where none is known there is one that is called `-`.
void write_actor(Json& json, const Actor& actor) {
  json.open("actor");
  write_process(json, "process", actor.name, actor.pid);
  json.text_unless_empty("cmd_line", actor.cmd_line);
  std::vector<std::string> parents = actor.parents;
  if (parents.empty()) parents.emplace_back("-");
  for (const std::string& parent : parents) write_process(json, "parent_process", parent, 0);
  for (std::size_t i = 0; i < parents.size(); ++i) json.close();
  json.close();
  json.close();
}

void write_traffic(Json& json, const Event& event, const Origin& origin) {
  if (event.actor) write_actor(json, *event.actor);
  if (event.source) write_peer(json, "src_endpoint", *event.source);
  if (event.destination) write_peer(json, "dst_endpoint", *event.destination);
  if (!is_traffic(event.kind)) return;
  if (!origin.proxy.host.empty()) write_peer(json, "proxy_endpoint", origin.proxy);
  json.open("connection_info");
  json.text("protocol_name", "tcp");
  json.close();
  json.boolean("is_src_dst_assignment_known", true);
  if (event.kind == EventClass::http_activity) json.number("observation_point_id", 2);
}

void write_finding(Json& json, const Finding& finding) {
  json.open("finding_info");
  json.text("uid", finding.uid);
  json.text("title", finding.title);
  json.text_unless_empty("desc", finding.description);
  json.close();
  if (!finding.evidence.empty()) {
    json.open_list("evidences");
    json.open();
    json.open("data");
    for (const auto& [key, value] : finding.evidence) json.text(key, value);
    json.close();
    json.close();
    json.close_list();
  }
  json.boolean("is_alert", true);
}

// A state has a number if it is one of OCSF's own; else it is `Other` with its label.
int state_id(std::string_view state) {
  if (state == "Disabled") return 1;
  return state == "Enabled" ? 2 : 99;
}

void write_api(Json& json, const ApiCall& call) {
  json.open("api");
  json.text("operation", call.operation);
  json.close();
  json.open("ai_model");
  json.text("name", call.model);
  json.text("ai_provider", call.provider);
  json.close();
}

void write_unmapped(Json& json, const Unmapped& unmapped) {
  json.open("unmapped");
  for (const auto& [key, value] : unmapped) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      json.number(key, *number);
    } else {
      json.text(key, std::get<std::string>(value));
    }
  }
  json.close();
}

}  // namespace

std::string to_json(const Event& event, const Origin& origin, std::int64_t wall_ms) {
  Json json;
  json.open();
  write_base(json, event, wall_ms);
  write_metadata(json, event, origin);
  write_traffic(json, event, origin);
  if (event.rule) {
    json.open("firewall_rule");
    json.text("name", event.rule->policy.empty() ? "-" : event.rule->policy);
    json.text_unless_empty("type", event.rule->engine);
    json.close();
  }
  if (event.action) {
    json.labelled("action", static_cast<int>(*event.action), action_name(*event.action));
  }
  if (event.disposition) {
    json.labelled("disposition", static_cast<int>(*event.disposition),
                  disposition_name(*event.disposition));
  }
  if (event.http_request) write_http(json, *event.http_request);
  if (event.http_status) {
    json.open("http_response");
    json.number("code", *event.http_status);
    json.close();
  }
  if (event.finding) write_finding(json, *event.finding);
  if (!event.state.empty()) json.labelled("state", state_id(event.state), event.state);
  if (event.api) write_api(json, *event.api);
  if (!event.unmapped.empty()) write_unmapped(json, event.unmapped);
  json.close();
  return json.take();
}

}  // namespace sallyport::audit
