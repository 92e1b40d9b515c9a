#include "reference/middleware/chain.h"

#include <algorithm>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/diagnostics.h"
#include "reference/middleware/envelope.h"
#include "reference/policy/config_struct.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;
using Code = std::optional<std::string>;

constexpr std::string_view kExternalLabel = "External middleware finding";

// A chain under way: what the next stage is given, and what has come of it so far.
struct Run {
  pb::HttpRequestEvaluation request;
  HeaderLines lines;
  std::vector<std::string> nominated;
  base::TimePoint until;
  bool fresh_body = false;  // the stage that just ran replaced it
  ChainResult result;
};

void show_headers(Run& run) {
  run.request.clear_headers();
  for (const auto& [name, value] : run.lines) {
    pb::HttpHeader& header = *run.request.add_headers();
    header.set_name(name);
    header.set_value(value);
  }
}

Run begin(ChainRequest from, base::TimePoint until) {
  Run run;
  run.until = until;
  run.lines = std::move(from.headers);
  run.nominated = std::move(from.nominated);
  run.request.set_phase(pb::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
  pb::RequestContext& context = *run.request.mutable_context();
  context.set_request_id(std::move(from.request_id));
  context.set_sandbox_id(std::move(from.sandbox_id));
  context.set_sandbox_name(std::move(from.sandbox_name));
  context.set_workspace(std::move(from.workspace));
  pb::HttpRequestTarget& target = *run.request.mutable_target();
  target.set_scheme(std::move(from.scheme));
  target.set_host(std::move(from.host));
  target.set_port(from.port);
  target.set_method(std::move(from.method));
  target.set_path(std::move(from.path));
  target.set_query(std::move(from.query));
  run.request.set_body(std::move(from.body));
  show_headers(run);
  return run;
}

// As the policy's loader read it, once for all requests; an entry that didn't come from there is
// read here. Were it no object, no stage may see the lack.
bool show_config(Run& run, const policy::Middleware& entry) {
  pb::HttpRequestEvaluation& request = run.request;
  if (!entry.config) return policy::struct_from_json(entry.config_json, *request.mutable_config());
  *request.mutable_config() = *entry.config;
  return true;
}

// What speaks against asking the stage at all.
Code refuse(Run& run, const Link& link, base::TimePoint now) {
  if (link.implementation == nullptr) return "binding_not_described";
  if (run.request.body().size() > link.implementation->bindings.http->payload_bytes_max) {
    return "request_body_over_capacity";
  }
  run.request.set_middleware_name(link.config->implementation);
  if (!show_config(run, *link.config)) return "request_config_over_capacity";
  if (const auto fault = request_fault(run.request)) return std::string(*fault);
  if (now >= run.until) return "middleware_chain_timeout";
  return std::nullopt;
}

Code failure_of(const rpc::Status& status, const Implementation& implementation) {
  if (status.ok()) return std::nullopt;
  if (status.code == rpc::Code::deadline_exceeded) return "middleware_timeout";
  if (implementation.external) return "external_service_error";
  return sanitised(status.message);
}

// A service's own words could hold what it found: only numbers and grades of it are kept.
NamedFinding named(const Link& link, const pb::Finding& from) {
  NamedFinding finding;
  finding.config = link.config->key;
  finding.count = from.count();
  finding.severity = severity_of(from.severity());
  const bool external = link.implementation->external;
  finding.type = external ? link.implementation->name + ".finding" : from.type();
  finding.label = external ? std::string(kExternalLabel) : from.label();
  return finding;
}

void keep_diagnostics(Run& run, const Link& link, const pb::HttpRequestResult& answer) {
  for (const pb::Finding& finding : answer.findings()) {
    run.result.findings.push_back(named(link, finding));
  }
  if (link.implementation->external || answer.metadata().empty()) return;
  auto& kept = run.result.metadata[link.config->key];
  for (const auto& [key, value] : answer.metadata()) kept.insert_or_assign(key, value);
}

void deny(Run& run, const Link& link, pb::HttpRequestResult& answer, Invocation& invocation) {
  invocation.allowed = false;
  invocation.code = answer.reason_code();
  keep_diagnostics(run, link, answer);
  ChainResult& result = run.result;
  result.verdict = ChainResult::Verdict::denied;
  result.denied_by = link.config->key;
  result.reason_code = answer.reason_code();
  result.reason = "middleware_denied:" + reason_key(link.config->key);
  if (!result.reason_code.empty()) result.reason += ":" + result.reason_code;
}

// Everything that the stage asks for, or nothing and why.
Code transform(Run& run, const Link& link, pb::HttpRequestResult& answer, Invocation& invocation) {
  if (answer.has_body() &&
      answer.body().size() > link.implementation->bindings.http->payload_bytes_max) {
    return "response_body_over_capacity";
  }
  if (answer.header_mutations_size() != 0) {
    HeaderLines before = run.lines;
    const auto fault =
        apply_mutations(answer.header_mutations(), run.nominated, run.lines, run.result.mutations);
    if (fault) return std::string(*fault);
    invocation.transformed = before != run.lines;
    show_headers(run);
  }
  if (answer.has_body()) {
    run.request.mutable_body()->swap(*answer.mutable_body());
    run.result.body_replaced = true;
    run.fresh_body = true;
    invocation.transformed = true;
  }
  keep_diagnostics(run, link, answer);
  return std::nullopt;
}

Code judge(Run& run, const Link& link, pb::HttpRequestResult& answer, Invocation& invocation) {
  if (const auto fault = response_fault(answer)) return std::string(*fault);
  switch (static_cast<int>(answer.decision())) {
    case pb::DECISION_ALLOW:
      return transform(run, link, answer, invocation);
    case pb::DECISION_DENY:
      deny(run, link, answer, invocation);
      return std::nullopt;
    default:
      return "invalid_response_decision";
  }
}

net::Task<Code> run_stage(Run& run, const Link& link, const net::Clock& clock,
                          Invocation& invocation) {
  const base::TimePoint now = clock.now();
  Code code = refuse(run, link, now);
  if (code) co_return code;
  const base::TimePoint deadline =
      std::min(now + link.implementation->bindings.http->timeout, run.until);
  pb::HttpRequestResult answer;
  const rpc::Status status =
      co_await link.implementation->stage->evaluate(run.request, answer, deadline);
  code = failure_of(status, *link.implementation);
  if (!code) code = judge(run, link, answer, invocation);
  co_return code;
}

// The entry's own `on_error` decides; the request stands as before the stage.
void fail(Run& run, const std::string& code, Invocation& invocation) {
  invocation.failed = true;
  invocation.transformed = false;
  invocation.code = code;
  invocation.allowed = invocation.fail_open;
  if (invocation.fail_open) return;
  run.result.verdict = ChainResult::Verdict::failed;
  run.result.reason = "middleware_failed: " + code;
}

std::string_view reason_of(BodyVerdict::Kind kind) {
  switch (kind) {
    case BodyVerdict::Kind::deny:
      return "middleware transformation denied by policy: ";
    case BodyVerdict::Kind::rejected:
      return "middleware transformation rejected: ";
    default:
      break;
  }
  return "transformed_body_policy_evaluation_failed: ";
}

// The policy's word on what the stage made of the body, if it made something.
void recheck(Run& run, BodyPolicy* bodies) {
  if (!std::exchange(run.fresh_body, false) || bodies == nullptr) return;
  Recheck recheck{std::string(bodies->engine()), bodies->judge(run.request.body())};
  BodyVerdict& verdict = recheck.verdict;
  if (verdict.kind == BodyVerdict::Kind::allow) return;
  // Its words could be those of the body.
  verdict.reason = sanitised(verdict.reason);
  verdict.audited = verdict.audited && verdict.kind == BodyVerdict::Kind::deny;
  if (!verdict.audited) {
    run.result.verdict = ChainResult::Verdict::failed;
    run.result.reason = std::string(reason_of(verdict.kind)) + verdict.reason;
  }
  run.result.rechecks.push_back(std::move(recheck));
}

ChainResult finish(Run& run) {
  if (run.result.verdict == ChainResult::Verdict::allow) {
    run.result.body = std::move(*run.request.mutable_body());
  } else {
    run.result.mutations.clear();
    run.result.body_replaced = false;
  }
  return std::move(run.result);
}

}  // namespace

net::Task<ChainResult> evaluate_chain(const std::vector<Link>& chain, ChainRequest request,
                                      const net::Clock& clock, base::Duration budget,
                                      BodyPolicy* bodies) {
  Run run = begin(std::move(request), clock.now() + budget);
  for (const Link& link : chain) {
    Invocation invocation;
    invocation.config = link.config->key;
    invocation.implementation = link.config->implementation;
    invocation.fail_open = link.config->on_error == policy::OnError::fail_open;
    const Code code = co_await run_stage(run, link, clock, invocation);
    if (code) fail(run, *code, invocation);
    run.result.invocations.push_back(std::move(invocation));
    recheck(run, bodies);
    if (run.result.verdict != ChainResult::Verdict::allow) break;
  }
  co_return finish(run);
}

}  // namespace sallyport::middleware
