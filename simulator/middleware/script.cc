#include "simulator/middleware/script.h"

#include <fmt/format.h>
#include <fstream>

#include <array>

#include "reference/base/scalars.h"
#include "simulator/middleware/json_reader.h"
#include "simulator/middleware/matcher_json.h"
#include "simulator/middleware/words.h"

namespace sallyport::sim::middleware {
namespace {

std::string duration_text(base::Duration duration, double slow) {
  const auto scaled = std::chrono::duration<double, std::nano>(duration) * slow;
  return fmt::format("{}us", std::chrono::duration_cast<std::chrono::microseconds>(scaled).count());
}

void put_headers(JsonWriter& writer, const std::vector<HeaderChange>& headers) {
  writer.Key("headers");
  writer.StartArray();
  for (const HeaderChange& change : headers) {
    writer.StartObject();
    put_member(writer, kHeaderVerbs.at(static_cast<std::size_t>(change.how)), change.name);
    if (change.how != HeaderChange::How::remove) put_member(writer, "value", change.value);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_findings(JsonWriter& writer, const std::vector<FindingSpec>& findings) {
  writer.Key("findings");
  writer.StartArray();
  for (const FindingSpec& finding : findings) {
    writer.StartObject();
    put_member(writer, "type", finding.type);
    put_member(writer, "severity", finding.severity);
    writer.Key("count");
    writer.Uint(finding.count);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_reaction(JsonWriter& writer, const Reaction& reaction, double slow) {
  writer.StartObject();
  put_member(writer, "call", kCalls.at(static_cast<std::size_t>(reaction.call)));
  writer.Key("where");
  writer.StartObject();
  for (const auto& [field, matcher] : reaction.where) {
    writer.Key(field.c_str());
    put_matcher(writer, matcher);
  }
  writer.EndObject();
  put_member(writer, "decision", kDecisions.at(static_cast<std::size_t>(reaction.decision)));
  if (!reaction.reason_code.empty()) put_member(writer, "reason_code", reaction.reason_code);
  if (reaction.body) put_member(writer, "body", *reaction.body);
  writer.Key("replace");
  writer.StartObject();
  for (const auto& [from, to] : reaction.replace) put_member(writer, from, to);
  writer.EndObject();
  put_headers(writer, reaction.headers);
  put_findings(writer, reaction.findings);
  put_member(writer, "delay", duration_text(reaction.delay, slow));
  if (reaction.status) put_member(writer, "status", *reaction.status);
  if (reaction.malformed != Malformed::none)
    put_member(writer, "malformed", kMalformed.at(static_cast<std::size_t>(reaction.malformed)));
  writer.EndObject();
}

HeaderChange read_header(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  HeaderChange change;
  int verbs = 0;
  for (std::size_t i = 0; i < kHeaderVerbs.size(); ++i) {
    const auto name = reader.maybe_text(kHeaderVerbs[i]);
    if (!name) continue;
    ++verbs;
    change.how = static_cast<HeaderChange::How>(i);
    change.name = *name;
  }
  change.value = reader.text("value");
  if (verbs != 1) reader.complain(place, "needs one of append, overwrite, skip, remove");
  reader.finish();
  return change;
}

FindingSpec read_finding(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  FindingSpec finding;
  finding.type = reader.text("type");
  finding.severity = reader.text("severity");
  finding.count = static_cast<std::uint32_t>(reader.size("count", 1));
  reader.finish();
  return finding;
}

void read_where(JsonReader& reader, Reaction& reaction, std::string& complaint) {
  const Json* where = reader.get("where");
  if (where == nullptr) return;
  if (!where->IsObject()) return reader.complain(reader.place("where"), "must be a map");
  for (const auto& member : where->GetObject()) {
    const std::string field(text_view(member.name));
    reaction.where[field] =
        read_matcher(member.value, field, reader.place("where." + field), complaint);
  }
}

void read_replacement(JsonReader& reader, Reaction& reaction) {
  reaction.body = reader.maybe_text("body");
  const Json* replace = reader.get("replace");
  if (replace == nullptr) return;
  if (!replace->IsObject()) return reader.complain(reader.place("replace"), "must be a map");
  for (const auto& member : replace->GetObject()) {
    const auto text = scalar_text(member.value);
    const std::string from(text_view(member.name));
    if (!text || from.empty()) return reader.complain(reader.place("replace"), "must hold texts");
    reaction.replace[from] = *text;
  }
}

Reaction read_reaction(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  Reaction reaction;
  reaction.call = static_cast<Reaction::Call>(reader.word("call", kCalls, 0));
  read_where(reader, reaction, complaint);
  reaction.decision = static_cast<Reaction::Decision>(reader.word("decision", kDecisions, 0));
  reaction.reason_code = reader.text("reason_code");
  read_replacement(reader, reaction);
  std::size_t index = 0;
  for (const Json* one : reader.list("headers")) {
    const std::string inner = fmt::format("{}.headers[{}]", place, index++);
    reaction.headers.push_back(read_header(*one, inner, complaint));
  }
  index = 0;
  for (const Json* one : reader.list("findings")) {
    const std::string inner = fmt::format("{}.findings[{}]", place, index++);
    reaction.findings.push_back(read_finding(*one, inner, complaint));
  }
  reaction.delay = reader.duration("delay", base::Duration(0));
  reaction.status = reader.maybe_text("status");
  if (reaction.status && !status_code(*reaction.status))
    reader.complain(reader.place("status"), "must be a gRPC code (UNAVAILABLE, INTERNAL ...)");
  reaction.malformed = static_cast<Malformed>(reader.word("malformed", kMalformed, 0));
  reader.finish();
  return reaction;
}

void put_describe(JsonWriter& writer, const Describe& describe) {
  writer.Key("describe");
  writer.StartObject();
  writer.Key("operations");
  writer.StartArray();
  for (const std::string& operation : describe.operations) put_text(writer, operation);
  writer.EndArray();
  writer.Key("max_payload");
  writer.Uint64(describe.max_payload);
  put_member(writer, "timeout", describe.timeout);
  put_member(writer, "audience", describe.audience);
  writer.EndObject();
}

Describe read_describe(const Json& value, std::string& complaint) {
  JsonReader reader(value, "describe", complaint);
  Describe describe;
  if (reader.get("operations") != nullptr) describe.operations = reader.texts("operations");
  for (const std::string& operation : describe.operations) {
    if (!operation_number(operation)) {
      reader.complain("describe.operations", "must be of http_request, websocket_message");
    }
  }
  describe.max_payload = reader.size("max_payload", 0);
  describe.timeout = reader.text("timeout");
  describe.audience = reader.text("audience");
  reader.finish();
  return describe;
}

ServiceSpec read_spec(const Json& value, std::string& complaint) {
  JsonReader reader(value, "", complaint);
  ServiceSpec spec;
  spec.name = reader.text("name", "middleware");
  for (const char* const name : {"host", "listen", "initially", "registered", "timeout"})
    (void)reader.get(name);  // the harness's and the operator's
  spec.max_payload = reader.size("max_payload", spec.max_payload);
  if (const Json* describe = reader.get("describe"))
    spec.describe = read_describe(*describe, complaint);
  spec.validate = reader.maybe_text("validate");
  if (spec.validate == "ok") spec.validate.reset();
  std::size_t index = 0;
  for (const Json* one : reader.list("script"))
    spec.script.push_back(read_reaction(*one, fmt::format("script[{}]", index++), complaint));
  reader.finish();
  return spec;
}

}  // namespace

std::string to_json(const ServiceSpec& spec, double slow) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  put_member(writer, "name", spec.name);
  writer.Key("max_payload");
  writer.Uint64(spec.max_payload);
  put_describe(writer, spec.describe);
  put_member(writer, "validate", spec.validate.value_or("ok"));
  writer.Key("script");
  writer.StartArray();
  for (const Reaction& reaction : spec.script) put_reaction(writer, reaction, slow);
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

bool save(const ServiceSpec& spec, double slow, const std::string& path) {
  std::ofstream script(path, std::ios::binary | std::ios::trunc);
  script << to_json(spec, slow);
  script.close();
  return static_cast<bool>(script);
}

ReadScript read_script(std::string_view json) {
  ReadScript read;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError()) {
    read.complaint = fmt::format("not JSON, at octet {}", document.GetErrorOffset());
    return read;
  }
  ServiceSpec spec = read_spec(document, read.complaint);
  if (read.complaint.empty()) read.spec = std::move(spec);
  return read;
}

}  // namespace sallyport::sim::middleware
