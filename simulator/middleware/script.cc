#include "simulator/middleware/script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>

#include "reference/base/yaml.h"
#include "simulator/middleware/json_reader.h"
#include "simulator/middleware/matcher_json.h"
#include "simulator/middleware/words.h"

namespace sallyport::sim::middleware {
namespace {

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
  change.on_existing = reader.number("on_existing", 0);
  if (verbs != 1) {
    reader.complain(place, fmt::format("needs one of {}", fmt::join(kHeaderVerbs, ", ")));
  }
  if (change.how == HeaderChange::How::empty) change.name.clear();
  reader.finish();
  return change;
}

FindingSpec read_finding(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  FindingSpec finding;
  finding.type = reader.text("type");
  finding.severity = reader.text("severity");
  finding.count = reader.number("count", 1);
  finding.label = reader.maybe_text("label");
  finding.confidence = reader.text("confidence");
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

std::map<std::string, std::string> read_texts(JsonReader& reader, const char* name) {
  std::map<std::string, std::string> texts;
  const Json* map = reader.get(name);
  if (map == nullptr) return texts;
  if (!map->IsObject()) {
    reader.complain(reader.place(name), "must be a map");
    return texts;
  }
  for (const auto& member : map->GetObject()) {
    const auto text = scalar_text(member.value);
    const std::string key(text_view(member.name));
    if (!text || key.empty()) reader.complain(reader.place(name), "must hold texts");
    texts[key] = text.value_or("");
  }
  return texts;
}

// How and when a call ends; of entries, descriptions and verdicts alike.
template <class Call>
void read_end(JsonReader& reader, Call& call) {
  call.never = reader.is_word("delay", "never");
  if (!call.never) call.delay = reader.duration("delay", base::Duration(0));
  call.status = reader.maybe_text("status");
  if (!call.status) return;
  const auto code = status_code(*call.status);
  if (!code || *code == 0) {
    reader.complain(reader.place("status"),
                    "must be a gRPC code (UNAVAILABLE, INTERNAL ...), or a number over 0");
  }
}

Ending read_ending(JsonReader& reader) {
  constexpr std::array<std::string_view, 2> kHow = {"none", "undecodable"};
  Ending ending;
  read_end(reader, ending);
  ending.undecodable = reader.word("malformed", kHow, 0) == 1;
  return ending;
}

void read_decision(JsonReader& reader, Reaction& reaction) {
  reaction.decision_number = reader.maybe_number("decision");
  if (!reaction.decision_number)
    reaction.decision = static_cast<Reaction::Decision>(reader.word("decision", kDecisions, 0));
  reaction.reason = reader.maybe_text("reason");
  reaction.reason_code = reader.text("reason_code");
  reaction.body = reader.maybe_text("body");
  if (reader.get("has_body") != nullptr) reaction.has_body = reader.boolean("has_body", false);
  reaction.replace = read_texts(reader, "replace");
  reaction.metadata = read_texts(reader, "metadata");
}

void read_fill(const Json& value, const std::string& place, Reaction& reaction,
               std::string& complaint) {
  JsonReader reader(value, place, complaint);
  for (const FillPart& part : kFillParts) {
    if (reader.get(part.name) == nullptr) continue;
    const std::uint64_t number = reader.size(part.name, 0);
    const std::uint64_t most = part.octets ? kFillBytesMax : kFillCountMax;
    if (number > most) {
      reader.complain(reader.place(part.name), fmt::format("must be {} at most", most));
    }
    reaction.fill.*part.number = number;
  }
  reader.finish();
}

Reaction read_reaction(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  Reaction reaction;
  reaction.call = static_cast<Reaction::Call>(reader.word("call", kCalls, 0));
  read_where(reader, reaction, complaint);
  read_decision(reader, reaction);
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
  if (const Json* fill = reader.get("fill"))
    read_fill(*fill, reader.place("fill"), reaction, complaint);
  reaction.times = reader.size("times", 0);
  read_end(reader, reaction);
  reaction.malformed = static_cast<Malformed>(reader.word("malformed", kMalformed, 0));
  reader.finish();
  return reaction;
}

Binding read_binding(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  Binding binding;
  binding.operation = reader.text("operation", binding.operation);
  if (!operation_number(binding.operation)) {
    reader.complain(reader.place("operation"),
                    "must be http_request, websocket_message or a number");
  }
  binding.phase = reader.text("phase", binding.phase);
  if (!phase_number(binding.phase)) {
    reader.complain(reader.place("phase"), "must be pre_credentials, pre_return or a number");
  }
  if (reader.get("max_payload") != nullptr) binding.max_payload = reader.size("max_payload", 0);
  binding.timeout = reader.maybe_text("timeout");
  reader.finish();
  return binding;
}

void read_bindings(JsonReader& reader, Describe& describe, std::string& complaint) {
  if (reader.get("operations") != nullptr) describe.operations = reader.texts("operations");
  for (const std::string& operation : describe.operations) {
    if (!operation_number(operation)) {
      reader.complain(reader.place("operations"), "must be of http_request, websocket_message");
    }
  }
  if (reader.get("bindings") == nullptr) return;
  if (reader.get("operations") != nullptr) {
    reader.complain(reader.place("bindings"), "can't stand beside operations");
  }
  describe.bindings.emplace();
  std::size_t index = 0;
  for (const Json* one : reader.list("bindings")) {
    const std::string place = fmt::format("{}[{}]", reader.place("bindings"), index++);
    describe.bindings->push_back(read_binding(*one, place, complaint));
  }
}

Describe read_describe(const Json& value, const std::string& place, std::string& complaint) {
  JsonReader reader(value, place, complaint);
  Describe describe;
  read_bindings(reader, describe, complaint);
  describe.max_payload = reader.size("max_payload", 0);
  describe.timeout = reader.text("timeout");
  describe.audience = reader.text("audience");
  describe.name = reader.maybe_text("name");
  describe.version = reader.text("version", describe.version);
  describe.ending = read_ending(reader);
  reader.finish();
  return describe;
}

Verdict read_verdict(const Json& value, const std::string& place, std::string& complaint) {
  Verdict verdict;
  if (const auto reason = scalar_text(value)) {
    verdict.valid = *reason == "ok";
    if (!verdict.valid) verdict.reason = *reason;
    return verdict;
  }
  JsonReader reader(value, place, complaint);
  verdict.reason = reader.text("reason");
  verdict.valid = reader.boolean("valid", verdict.reason.empty());
  verdict.ending = read_ending(reader);
  reader.finish();
  return verdict;
}

// One, or a list of one at least.
template <class One>
void read_each(JsonReader& reader, const char* name, std::vector<One>& all, std::string& complaint,
               One (*read)(const Json&, const std::string&, std::string&)) {
  const Json* value = reader.get(name);
  if (value == nullptr) return;
  all.clear();
  if (!value->IsArray()) return all.push_back(read(*value, name, complaint));
  for (const Json& one : value->GetArray())
    all.push_back(read(one, fmt::format("{}[{}]", name, all.size()), complaint));
  if (!all.empty()) return;
  all.emplace_back();
  reader.complain(name, "needs one at least");
}

void read_tls(JsonReader& reader, ServiceSpec& spec, std::string& complaint) {
  const Json* tls = reader.get("tls");
  if (tls == nullptr || !tls->IsObject()) {
    spec.tls = static_cast<Tls>(reader.word("tls", kTls, 0));
    return;
  }
  JsonReader inner(*tls, "tls", complaint);
  spec.tls = Tls::valid;
  spec.certificate_pem = inner.text("certificate");
  spec.key_pem = inner.text("key");
  if (spec.certificate_pem.empty() || spec.key_pem.empty())
    inner.complain("tls", "needs certificate and key, or is a word");
  inner.finish();
}

ServiceSpec read_spec(const Json& value, std::string& complaint) {
  JsonReader reader(value, "", complaint);
  ServiceSpec spec;
  spec.name = reader.text("name", "middleware");
  for (const char* const name : {"host", "listen", "initially", "registered", "timeout", "trust"})
    (void)reader.get(name);  // the harness's and the operator's
  spec.max_payload = reader.size("max_payload", spec.max_payload);
  read_tls(reader, spec, complaint);
  spec.goaway = reader.size("goaway", 0);
  spec.strict_pings = reader.boolean("strict_pings", false);
  read_each(reader, "describe", spec.describe, complaint, read_describe);
  read_each(reader, "validate", spec.validate, complaint, read_verdict);
  std::size_t index = 0;
  for (const Json* one : reader.list("script"))
    spec.script.push_back(read_reaction(*one, fmt::format("script[{}]", index++), complaint));
  reader.finish();
  return spec;
}

// The value of a member or the N-th item; null when there is none.
const base::yaml::Node* part_of(const base::yaml::Node& node, std::string_view name) {
  if (node.is_map()) return node.find(name);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool there = node.is_list() && error == std::errc{} && index < node.items.size();
  return there ? node.items[index].get() : nullptr;
}

}  // namespace

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

base::Mark mark_of(const base::yaml::Node& script, std::string_view complaint) {
  std::string_view place = complaint.substr(0, complaint.find(' '));
  const base::yaml::Node* node = &script;
  base::Mark mark = script.mark;
  while (!place.empty()) {
    const std::size_t end = place.find_first_of(".[]");
    const std::string_view name = place.substr(0, end);
    place.remove_prefix(end == std::string_view::npos ? place.size() : end + 1);
    if (name.empty()) continue;
    const base::yaml::Node* const inner = part_of(*node, name);
    if (inner == nullptr) break;
    for (const base::yaml::Entry& entry : node->entries) {
      if (entry.value.get() == inner) mark = entry.key_mark;
    }
    if (node->is_list()) mark = inner->mark;
    node = inner;
  }
  return mark;
}

}  // namespace sallyport::sim::middleware
