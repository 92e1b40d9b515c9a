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
#include "simulator/middleware/server/reactions.h"
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
  fields["phase"] = phase_name(request.phase());
  fields["config"] = journal::Json{json_of(request.config())};
  const proto::RequestContext& context = request.context();
  fields["request_id"] = context.request_id();
  fields["sandbox_id"] = context.sandbox_id();
  fields["sandbox_name"] = context.sandbox_name();
  fields["workspace"] = context.workspace();
  if (context.has_originating_process()) fields["binary"] = context.originating_process().binary();
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

// A number that no reader of the contract's enumeration knows, told as it is.
std::string decision_name(const Reaction& reaction) {
  if (reaction.decision_number) return std::to_string(*reaction.decision_number);
  return std::string(kDecisions.at(static_cast<std::size_t>(reaction.decision)));
}

// What ends the call in place of an answer, if anything does, and when it ends.
template <class Call>
bool ends_otherwise(const Call& call, Answered& answered) {
  answered.reply.delay = call.delay;
  answered.reply.never = call.never;
  if (!call.status) return false;
  answered.reply.code = status_code(*call.status).value_or(kInternal);
  answered.reply.message = "as the script says";
  answered.told.fields["code"] = std::string(status_name(answered.reply.code));
  return true;
}

void end(const Ending& ending, const std::string& message, Answered& answered) {
  if (ends_otherwise(ending, answered)) return;
  answered.reply.bytes = ending.undecodable ? kNoMessage : message;
  if (ending.undecodable) answered.told.fields["malformed"] = std::string("undecodable");
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
  described_ = validated_ = 0;
  used_.clear();
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
  const Describe& now = one_of(spec->describe, described_);
  Answered answered;
  answered.told.kind = "describe";
  proto::MiddlewareManifest manifest;
  manifest.set_name(now.name.value_or(spec->name));
  manifest.set_service_version(now.version);
  manifest.set_expected_audience(now.audience);
  std::vector<Binding> bindings = now.bindings.value_or(std::vector<Binding>());
  for (const std::string& operation : now.operations) {
    if (!now.bindings) bindings.push_back({operation, "pre_credentials", {}, {}});
  }
  for (const Binding& binding : bindings) {
    proto::MiddlewareBinding& out = *manifest.add_bindings();
    out.set_operation(static_cast<proto::SupervisorMiddlewareOperation>(
        operation_number(binding.operation).value_or(0)));
    out.set_phase(
        static_cast<proto::SupervisorMiddlewarePhase>(phase_number(binding.phase).value_or(0)));
    const std::uint64_t own = now.max_payload == 0 ? spec->max_payload : now.max_payload;
    out.set_max_payload_bytes(binding.max_payload.value_or(own));
    out.set_timeout(binding.timeout.value_or(now.timeout));
  }
  end(now.ending, manifest.SerializeAsString(), answered);
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
  const Verdict& now = one_of(spec->validate, validated_);
  proto::ValidateConfigResponse response;
  response.set_valid(now.valid);
  response.set_reason(now.reason);
  end(now.ending, response.SerializeAsString(), answered);
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

std::size_t Answers::deciding(const ServiceSpec& spec, const journal::Fields& fields) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  used_.resize(spec.script.size());
  for (std::size_t i = 0; i < spec.script.size(); ++i) {
    const Reaction& one = spec.script[i];
    if (one.call != Reaction::Call::evaluate || !fits(fields, one)) continue;
    if (one.times > 0 && used_[i] >= one.times) continue;
    ++used_[i];
    return i;
  }
  return spec.script.size();
}

void Answers::react(const proto::HttpRequestEvaluation& request, Answered& answered) const {
  static const Reaction kAllow;
  const std::shared_ptr<const ServiceSpec> spec = this->spec();
  journal::Fields& fields = answered.told.fields;
  const std::size_t found = deciding(*spec, fields);
  const Reaction& reaction = found == spec->script.size() ? kAllow : spec->script[found];
  if (ends_otherwise(reaction, answered)) return;
  proto::HttpRequestResult result = result_of(reaction, request, spec->name);
  fields["decision"] = decision_name(reaction);
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
  answered.told.fields["code"] = std::string(status_name(reply.code));
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
