#include <fmt/format.h>

#include <fstream>

#include "simulator/middleware/matcher_json.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/words.h"

namespace sallyport::sim::middleware {
namespace {

std::string duration_text(base::Duration duration, double slow) {
  const auto scaled = std::chrono::duration<double, std::nano>(duration) * slow;
  return fmt::format("{}us", std::chrono::duration_cast<std::chrono::microseconds>(scaled).count());
}

void put_number(JsonWriter& writer, const char* name, std::uint64_t number) {
  writer.Key(name);
  writer.Uint64(number);
}

void put_texts(JsonWriter& writer, const char* name,
               const std::map<std::string, std::string>& texts) {
  writer.Key(name);
  writer.StartObject();
  for (const auto& [key, text] : texts) put_member(writer, key, text);
  writer.EndObject();
}

// How and when a call ends; of entries, descriptions and verdicts alike.
template <class Call>
void put_end(JsonWriter& writer, const Call& call, double slow) {
  put_member(writer, "delay", call.never ? "never" : duration_text(call.delay, slow));
  if (call.status) put_member(writer, "status", *call.status);
}

void put_ending(JsonWriter& writer, const Ending& ending, double slow) {
  put_end(writer, ending, slow);
  if (ending.undecodable) put_member(writer, "malformed", "undecodable");
}

void put_headers(JsonWriter& writer, const std::vector<HeaderChange>& headers) {
  writer.Key("headers");
  writer.StartArray();
  for (const HeaderChange& change : headers) {
    using How = HeaderChange::How;
    writer.StartObject();
    const std::string_view verb = kHeaderVerbs.at(static_cast<std::size_t>(change.how));
    put_member(writer, verb, change.how == How::empty ? "true" : change.name);
    if (change.how != How::remove && change.how != How::empty)
      put_member(writer, "value", change.value);
    if (change.how == How::write) put_number(writer, "on_existing", change.on_existing);
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
    put_number(writer, "count", finding.count);
    if (finding.label) put_member(writer, "label", *finding.label);
    put_member(writer, "confidence", finding.confidence);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_fill(JsonWriter& writer, const Fill& fill) {
  writer.Key("fill");
  writer.StartObject();
  for (const FillPart& part : kFillParts) {
    if (const auto& number = fill.*part.number) put_number(writer, part.name.data(), *number);
  }
  writer.EndObject();
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
  put_member(writer, "decision",
             reaction.decision_number
                 ? std::to_string(*reaction.decision_number)
                 : std::string(kDecisions.at(static_cast<std::size_t>(reaction.decision))));
  if (reaction.reason) put_member(writer, "reason", *reaction.reason);
  if (!reaction.reason_code.empty()) put_member(writer, "reason_code", reaction.reason_code);
  if (reaction.body) put_member(writer, "body", *reaction.body);
  if (reaction.has_body) put_member(writer, "has_body", *reaction.has_body ? "true" : "false");
  put_texts(writer, "replace", reaction.replace);
  put_headers(writer, reaction.headers);
  put_findings(writer, reaction.findings);
  put_texts(writer, "metadata", reaction.metadata);
  put_fill(writer, reaction.fill);
  if (reaction.times > 0) put_number(writer, "times", reaction.times);
  put_end(writer, reaction, slow);
  if (reaction.malformed != Malformed::none)
    put_member(writer, "malformed", kMalformed.at(static_cast<std::size_t>(reaction.malformed)));
  writer.EndObject();
}

void put_bindings(JsonWriter& writer, const std::vector<Binding>& bindings) {
  writer.Key("bindings");
  writer.StartArray();
  for (const Binding& binding : bindings) {
    writer.StartObject();
    put_member(writer, "operation", binding.operation);
    put_member(writer, "phase", binding.phase);
    if (binding.max_payload) put_number(writer, "max_payload", *binding.max_payload);
    if (binding.timeout) put_member(writer, "timeout", *binding.timeout);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_describe(JsonWriter& writer, const Describe& describe, double slow) {
  writer.StartObject();
  if (describe.bindings) {
    put_bindings(writer, *describe.bindings);
  } else {
    writer.Key("operations");
    writer.StartArray();
    for (const std::string& operation : describe.operations) put_text(writer, operation);
    writer.EndArray();
  }
  put_number(writer, "max_payload", describe.max_payload);
  put_member(writer, "timeout", describe.timeout);
  put_member(writer, "audience", describe.audience);
  if (describe.name) put_member(writer, "name", *describe.name);
  put_member(writer, "version", describe.version);
  put_ending(writer, describe.ending, slow);
  writer.EndObject();
}

void put_verdict(JsonWriter& writer, const Verdict& verdict, double slow) {
  writer.StartObject();
  put_member(writer, "valid", verdict.valid ? "true" : "false");
  put_member(writer, "reason", verdict.reason);
  put_ending(writer, verdict.ending, slow);
  writer.EndObject();
}

void put_tls(JsonWriter& writer, const ServiceSpec& spec) {
  if (spec.certificate_pem.empty())
    return put_member(writer, "tls", kTls.at(static_cast<std::size_t>(spec.tls)));
  writer.Key("tls");
  writer.StartObject();
  put_member(writer, "certificate", spec.certificate_pem);
  put_member(writer, "key", spec.key_pem);
  writer.EndObject();
}

}  // namespace

std::string to_json(const ServiceSpec& spec, double slow) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  put_member(writer, "name", spec.name);
  put_number(writer, "max_payload", spec.max_payload);
  put_tls(writer, spec);
  put_number(writer, "goaway", spec.goaway);
  put_member(writer, "strict_pings", spec.strict_pings ? "true" : "false");
  writer.Key("describe");
  writer.StartArray();
  for (const Describe& describe : spec.describe) put_describe(writer, describe, slow);
  writer.EndArray();
  writer.Key("validate");
  writer.StartArray();
  for (const Verdict& verdict : spec.validate) put_verdict(writer, verdict, slow);
  writer.EndArray();
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

}  // namespace sallyport::sim::middleware
