#include "simulator/middleware/server/answers.h"

#include <google/protobuf/util/json_util.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/base/scalars.h"
#include "simulator/journal/query.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/words.h"

namespace sallyport::sim::middleware::server {
namespace {

namespace proto = openshell::middleware::v1;

constexpr std::string_view kService = "/openshell.middleware.v1.SupervisorMiddleware/";
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;

// A field tag whose octets never end: no protobuf parser takes it.
const std::string kNoMessage(12, '\xff');

bool is_json(std::string_view text) {
  if (text.empty()) return false;
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> ignore;
  rapidjson::MemoryStream in(text.data(), text.size());
  return !reader.Parse<rapidjson::kParseIterativeFlag>(in, ignore).IsError();
}

std::string json_of(const google::protobuf::Struct& config) {
  std::string text;
  const auto done = google::protobuf::util::MessageToJsonString(config, &text);
  return done.ok() ? text : std::string();
}

journal::Fields fields_of(const proto::HttpRequestEvaluation& request) {
  journal::Fields fields;
  const proto::HttpRequestTarget& target = request.target();
  fields["scheme"] = target.scheme();
  fields["host"] = target.host();
  fields["port"] = static_cast<std::int64_t>(target.port());
  fields["method"] = target.method();
  fields["path"] = target.path();
  fields["query"] = target.query();
  journal::HeaderList headers;
  for (const proto::HttpHeader& header : request.headers())
    headers.emplace_back(header.name(), header.value());
  fields["headers"] = std::move(headers);
  fields["body"] = request.body();
  fields["body_size"] = static_cast<std::int64_t>(request.body().size());
  if (is_json(request.body())) fields["json"] = journal::Json{request.body()};
  fields["name"] = request.middleware_name();
  fields["request_id"] = request.context().request_id();
  return fields;
}

// What is matched is the whole body; what is told of it is bounded.
void shorten(journal::Fields& fields) {
  auto& body = std::get<std::string>(fields["body"]);
  if (body.size() <= kBodyBytesTold) return;
  body.resize(kBodyBytesTold);
  fields.erase("json");
}

bool fits(const journal::Fields& fields, const Reaction& reaction) {
  return std::all_of(reaction.where.begin(), reaction.where.end(), [&](const auto& part) {
    const auto found = fields.find(part.first);
    return journal::fits(found == fields.end() ? nullptr : &found->second, part.second);
  });
}

// Every OLD becomes NEW, longest first where they overlap; false when none was there.
bool replace_all(std::string& body, const std::map<std::string, std::string>& replacements) {
  std::string result;
  bool any = false;
  for (std::size_t at = 0; at < body.size();) {
    const std::pair<const std::string, std::string>* best = nullptr;
    for (const auto& one : replacements) {
      const bool here = body.compare(at, one.first.size(), one.first) == 0;
      if (here && (best == nullptr || one.first.size() > best->first.size())) best = &one;
    }
    if (best == nullptr) {
      result.push_back(body[at++]);
      continue;
    }
    any = true;
    result += best->second;
    at += best->first.size();
  }
  if (any) body = std::move(result);
  return any;
}

void put_body(const Reaction& reaction, const std::string& body, proto::HttpRequestResult& result) {
  std::string changed = reaction.body.value_or(body);
  const bool replaced = replace_all(changed, reaction.replace);
  if (!reaction.body && !replaced) return;
  result.set_body(changed);
  result.set_has_body(true);
}

void put_headers(const Reaction& reaction, proto::HttpRequestResult& result) {
  for (const HeaderChange& change : reaction.headers) {
    proto::HeaderMutation& mutation = *result.add_header_mutations();
    if (change.how == HeaderChange::How::remove) {
      mutation.mutable_remove()->set_name(change.name);
      continue;
    }
    proto::WriteHeader& write = *mutation.mutable_write();
    write.set_name(change.name);
    write.set_value(change.value);
    write.set_on_existing(
        change.how == HeaderChange::How::append      ? proto::EXISTING_HEADER_ACTION_APPEND
        : change.how == HeaderChange::How::overwrite ? proto::EXISTING_HEADER_ACTION_OVERWRITE
                                                     : proto::EXISTING_HEADER_ACTION_SKIP);
  }
}

void put_findings(const Reaction& reaction, proto::HttpRequestResult& result) {
  for (const FindingSpec& spec : reaction.findings) {
    proto::Finding& finding = *result.add_findings();
    finding.set_type(spec.type);
    finding.set_label(spec.type);
    finding.set_severity(spec.severity);
    finding.set_count(spec.count);
  }
}

}  // namespace

Answers::Answers(ServiceSpec spec, const base::Clock& clock)
    : clock_(clock), spec_(std::make_shared<const ServiceSpec>(std::move(spec))) {}

std::shared_ptr<const ServiceSpec> Answers::spec() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return spec_;
}

std::string Answers::reread(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return "the script can't be read from " + path;
  ReadScript script = read_script(text.str());
  if (!script.spec) return script.complaint;
  const std::lock_guard<std::mutex> lock(mutex_);
  spec_ = std::make_shared<const ServiceSpec>(std::move(*script.spec));
  return {};
}

Answered Answers::answer(std::string_view method, std::string_view request) const {
  Answered answered;
  if (method == std::string(kService) + "Describe") {
    answered = describe();
  } else if (method == std::string(kService) + "ValidateConfig") {
    answered = validate(request);
  } else if (method == std::string(kService) + "EvaluateHttpRequest") {
    answered = evaluate(request);
  } else {
    answered.reply.code = kUnimplemented;
    answered.reply.message = "not a call that this service answers";
    return answered;
  }
  answered.told.at = clock_.now();
  apply_faults(answered);
  return answered;
}

Answered Answers::describe() const {
  const std::shared_ptr<const ServiceSpec> spec = this->spec();
  Answered answered;
  answered.told.kind = "describe";
  proto::MiddlewareManifest manifest;
  manifest.set_name(spec->name);
  manifest.set_service_version("1");
  manifest.set_expected_audience(spec->describe.audience);
  for (const std::string& operation : spec->describe.operations) {
    proto::MiddlewareBinding& binding = *manifest.add_bindings();
    binding.set_operation(
        static_cast<proto::SupervisorMiddlewareOperation>(operation_number(operation).value_or(0)));
    binding.set_phase(proto::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
    const std::uint64_t own = spec->describe.max_payload;
    binding.set_max_payload_bytes(own == 0 ? spec->max_payload : own);
    binding.set_timeout(spec->describe.timeout);
  }
  answered.reply.bytes = manifest.SerializeAsString();
  return answered;
}

Answered Answers::validate(std::string_view bytes) const {
  const std::shared_ptr<const ServiceSpec> spec = this->spec();
  Answered answered;
  proto::ValidateConfigRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    answered.reply.code = kInternal;
    return answered;
  }
  answered.told.kind = "validate";
  answered.told.fields["name"] = request.middleware_name();
  answered.told.fields["json"] = journal::Json{json_of(request.config())};
  proto::ValidateConfigResponse response;
  response.set_valid(!spec->validate.has_value());
  response.set_reason(spec->validate.value_or(""));
  answered.reply.bytes = response.SerializeAsString();
  return answered;
}

Answered Answers::evaluate(std::string_view bytes) const {
  Answered answered;
  proto::HttpRequestEvaluation request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    answered.reply.code = kInternal;
    return answered;
  }
  answered.told.kind = "evaluate";
  answered.told.fields = fields_of(request);
  react(request, answered);
  shorten(answered.told.fields);
  return answered;
}

void Answers::react(const proto::HttpRequestEvaluation& request, Answered& answered) const {
  static const Reaction kAllow;
  const std::shared_ptr<const ServiceSpec> spec = this->spec();
  journal::Fields& fields = answered.told.fields;
  const auto found =
      std::find_if(spec->script.begin(), spec->script.end(), [&](const Reaction& one) {
        return one.call == Reaction::Call::evaluate && fits(fields, one);
      });
  const Reaction& reaction = found == spec->script.end() ? kAllow : *found;
  answered.reply.delay = reaction.delay;
  if (reaction.status) {
    answered.reply.code = status_code(*reaction.status).value_or(kInternal);
    answered.reply.message = "as the script says";
    fields["code"] = *reaction.status;
    return;
  }
  proto::HttpRequestResult result;
  const bool deny = reaction.decision == Reaction::Decision::deny;
  result.set_decision(deny ? proto::DECISION_DENY : proto::DECISION_ALLOW);
  // Words that no client, log or event may ever show.
  result.set_reason("free text of the service " + spec->name);
  result.set_reason_code(reaction.reason_code);
  put_body(reaction, request.body(), result);
  put_headers(reaction, result);
  put_findings(reaction, result);
  fields["decision"] = std::string(kDecisions.at(static_cast<std::size_t>(reaction.decision)));
  if (!reaction.reason_code.empty()) fields["reason_code"] = reaction.reason_code;
  misbehave(reaction, result, answered);
}

void Answers::misbehave(const Reaction& reaction, proto::HttpRequestResult& result,
                        Answered& answered) const {
  switch (reaction.malformed) {
    case Malformed::none:
    case Malformed::wrong_sequence:  // of sessions alone
      break;
    case Malformed::decision_0:
      result.set_decision(proto::DECISION_UNSPECIFIED);
      break;
    case Malformed::bad_reason_code:
      result.set_reason_code("Not A Code");
      break;
    case Malformed::oversize:
      result.set_body(std::string(spec()->max_payload + 1, 'x'));
      result.set_has_body(true);
      break;
    case Malformed::undecodable:
      break;
  }
  answered.reply.bytes = result.SerializeAsString();
  if (reaction.malformed == Malformed::none) return;
  answered.told.fields["malformed"] =
      std::string(kMalformed.at(static_cast<std::size_t>(reaction.malformed)));
  if (reaction.malformed == Malformed::undecodable) answered.reply.bytes = kNoMessage;
}

void Answers::apply_faults(Answered& answered) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Reply& reply = answered.reply;
  for (const auto& [name, fault] : faults_) {
    answered.told.hits.push_back(name);
    if (fault.kind == "slow") reply.delay += fault.delay;
    if (fault.kind == "malformed") {
      reply.code = 0;
      reply.bytes = kNoMessage;
    }
    if (fault.kind == "unavailable") reply.code = kUnavailable;
    if (fault.kind == "internal") reply.code = kInternal;
  }
  if (reply.code == 0 || answered.told.hits.empty()) return;
  answered.told.fields["code"] = reply.code == kUnavailable ? "UNAVAILABLE" : "INTERNAL";
}

std::string Answers::control(std::string_view line) {
  constexpr std::string_view kScript = "script ";
  if (line.starts_with(kScript)) return reread(std::string(line.substr(kScript.size())));
  std::istringstream words{std::string(line)};
  std::string verb;
  std::string name;
  std::string delay;
  Fault fault;
  words >> verb >> name >> fault.kind >> delay;
  if (name.empty()) return "a line is `begin NAME KIND [DELAY]`, `lift NAME` or `script PATH`";
  const std::lock_guard<std::mutex> lock(mutex_);
  if (verb == "lift") {
    faults_.erase(name);
    return {};
  }
  if (verb != "begin") return "a line begins with `begin`, `lift` or `script`";
  constexpr std::array<std::string_view, 4> kKinds = {"slow", "unavailable", "internal",
                                                      "malformed"};
  if (std::find(kKinds.begin(), kKinds.end(), fault.kind) == kKinds.end())
    return "a fault is one of slow, unavailable, internal, malformed";
  if (fault.kind == "slow") {
    const auto duration = base::parse_duration(delay);
    if (!duration) return "slow needs a delay, " + std::string(base::kDurationForm);
    fault.delay = *duration;
  }
  faults_[name] = fault;
  return {};
}

}  // namespace sallyport::sim::middleware::server
