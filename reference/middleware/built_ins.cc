#include "reference/middleware/built_ins.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/base/check.h"
#include "reference/http/text.h"
#include "reference/middleware/config.h"
#include "reference/middleware/diagnostics.h"
#include "reference/middleware/redact.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;
using google::protobuf::Struct;

constexpr std::string_view kRedact = "redact";

// How the two redactors differ.
struct Kind {
  std::string_view name;
  std::string_view option;   // the one member of its config
  std::string_view finding;  // `secret`, `regex`: findings are `secret.keyword` ...
  std::string_view counter;  // its metadata
  Redaction (*redact)(std::string_view text);
};

constexpr Kind kSecretsKind{kSecrets, "secrets", "secret", "secrets_redacted", redact_secrets};
constexpr Kind kRegexKind{kRegex, "mode", "regex", "regex_matches_replaced", redact_tokens};

std::string config_fault(const Kind& kind, const Struct& config) {
  for (const auto& [name, value] : config.fields()) {
    std::string what;
    if (name != kind.option) {
      what = fmt::format("unknown member {}", sanitised(name));
    } else if (value.kind_case() != google::protobuf::Value::kStringValue) {
      what = fmt::format("{} is a text", kind.option);
    } else if (value.string_value() != kRedact) {
      what = fmt::format("unknown {} {}", kind.option, sanitised(value.string_value()));
    } else {
      continue;
    }
    return fmt::format("invalid {} config: {}; this example supports only {}: {}", kind.name, what,
                       kind.option, kRedact);
  }
  return {};
}

void add_finding(const Kind& kind, std::string_view what, std::uint32_t count,
                 pb::HttpRequestResult& result) {
  if (count == 0) return;
  pb::Finding& finding = *result.add_findings();
  finding.set_type(fmt::format("{}.{}", kind.finding, what));
  finding.set_label(fmt::format("{} {} match", what, kind.finding));
  finding.set_count(count);
  finding.set_confidence("medium");
  finding.set_severity("medium");
}

class RedactorStage final : public Stage {
 public:
  explicit RedactorStage(const Kind& kind) : kind_(kind) {}

  net::Task<rpc::Status> evaluate(const pb::HttpRequestEvaluation& request,
                                  pb::HttpRequestResult& result,
                                  base::TimePoint /*deadline*/) override {
    co_return redact(request, result);
  }

  net::Task<rpc::Status> validate(const Struct& config, const std::string& /*implementation*/,
                                  std::string& refusal, base::TimePoint /*deadline*/) override {
    refusal = config_fault(kind_, config);
    co_return rpc::Status{};
  }

 private:
  rpc::Status redact(const pb::HttpRequestEvaluation& request,
                     pb::HttpRequestResult& result) const {
    std::string fault = config_fault(kind_, request.config());
    if (!fault.empty()) return {rpc::Code::invalid_argument, std::move(fault)};
    if (!http::is_utf8(request.body())) {
      return {rpc::Code::invalid_argument,
              fmt::format("{} requires UTF-8 request bodies", kind_.name)};
    }
    result.set_decision(pb::DECISION_ALLOW);
    Redaction redaction = kind_.redact(request.body());
    const std::uint32_t total = redaction.keyword + redaction.openai;
    if (total == 0) return {};
    result.set_has_body(true);
    result.set_body(std::move(redaction.text));
    add_finding(kind_, "keyword", redaction.keyword, result);
    add_finding(kind_, "openai", redaction.openai, result);
    (*result.mutable_metadata())[std::string(kind_.counter)] = std::to_string(total);
    return {};
  }

  const Kind& kind_;
};

}  // namespace

std::shared_ptr<Stage> make_secrets_stage() {
  return std::make_shared<RedactorStage>(kSecretsKind);
}

std::shared_ptr<Stage> make_regex_stage() { return std::make_shared<RedactorStage>(kRegexKind); }

bool is_built_in(std::string_view name) { return name == kSecrets || name == kRegex; }

std::string built_in_config_fault(std::string_view name, std::string_view config_json) {
  CHECK(is_built_in(name));
  Struct config;
  if (!struct_from_json(config_json, config)) return "config is not an object";
  return config_fault(name == kSecrets ? kSecretsKind : kRegexKind, config);
}

}  // namespace sallyport::middleware
