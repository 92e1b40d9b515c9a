#include "reference/relay/rules.h"

#include <fmt/format.h>

#include "reference/credentials/placeholder.h"
#include "reference/http/text.h"
#include "reference/relay/http_events.h"

namespace sallyport::relay {
namespace {

using Kind = policy::RequestVerdict::Kind;

// How the engine ends its reason where no endpoint is for the path.
constexpr std::string_view kNoPath = "did not match an L7 endpoint path";

policy::RequestVerdict ask(const Grant& grant, const RuledRequest& request) {
  policy::Request asked;
  asked.method = request.method;
  asked.path = request.path;
  if (request.query) asked.query = *request.query;
  asked.websocket_upgrade = request.websocket_upgrade;
  policy::RequestVerdict verdict =
      egress::authorize_request(grant.intent, grant.identity, *grant.generation, asked);
  // Rules name the messages of a WebSocket by a method of their own; as a request's it is no way
  // in.
  if (verdict.protocol == "websocket" && !request.websocket_upgrade &&
      verdict.kind != Kind::denied) {
    verdict.kind = Kind::denied;
    verdict.reason = "websocket endpoint requires a valid WebSocket upgrade request";
  }
  return verdict;
}

bool slash_refused(const policy::RequestVerdict& verdict, const RuledRequest& request) {
  return !verdict.allow_encoded_slash && request.encoded_slash;
}

std::string_view decision_of(const policy::RequestVerdict& verdict, const RuledRequest& request) {
  if (verdict.kind == Kind::denied) return "deny";
  if (verdict.kind == Kind::audited) return "audit";
  return request.websocket_upgrade ? "allow_upgrade" : "allow";
}

http::LocalAnswer denial(const Grant& grant, const policy::RequestVerdict& verdict,
                         const RuledRequest& request) {
  http::RuleDenial denial;
  denial.policy = verdict.policy.empty() ? grant.allow.policy : verdict.policy;
  denial.method = request.method;
  denial.path = request.path;
  denial.detail = verdict.reason;
  denial.host = grant.intent.host;
  denial.port = grant.intent.port;
  if (grant.identity.program) denial.binary = grant.identity.program->binary;
  return http::rule_denial(denial);
}

http::LocalAnswer forward_denial(const Grant& grant, const policy::RequestVerdict& verdict,
                                 const RuledRequest& request) {
  const std::string what =
      fmt::format("{} {}{}", request.method, grant.authority().to_string(), request.path);
  const bool no_path = verdict.reason.ends_with(kNoPath);
  return http::json_error(403, "policy_denied",
                          no_path
                              ? fmt::format("{} {}", what, kNoPath)
                              : fmt::format("{} denied by L7 policy: {}", what, verdict.reason));
}

}  // namespace

RuledRequest ruled_request(const http::RequestHead& head, const http::CanonicalTarget& target,
                           bool websocket_upgrade) {
  RuledRequest request;
  request.method = head.method;
  request.path = credentials::redact_path(target.path());
  if (const auto query = target.query()) request.query = std::string(*query);
  request.websocket_upgrade = websocket_upgrade;
  const std::string sent = http::lower(head.target.substr(0, head.target.find('?')));
  request.encoded_slash = sent.find("%2f") != std::string::npos;
  return request;
}

Ruling rule_on(const Grant& grant, const RuledRequest& request, RuleForm form) {
  const policy::RequestVerdict verdict = ask(grant, request);
  Ruling ruling;
  if (slash_refused(verdict, request)) {
    ruling.end = Ruling::End::encoded_slash;
    return ruling;
  }
  const bool refused = verdict.kind == Kind::denied;
  // An absolute-form request has an event of its own when it goes up, with the address; once is
  // enough for one that is plainly allowed.
  const bool told_later =
      form == RuleForm::forward && verdict.kind == Kind::allowed && !request.websocket_upgrade;
  if ((verdict.judged || refused) && !told_later) {
    ruling.event = ruled_event(grant, form, decision_of(verdict, request), request, verdict);
  }
  if (!refused) return ruling;
  ruling.end = Ruling::End::refused;
  ruling.answer = form == RuleForm::tunnel ? denial(grant, verdict, request)
                                           : forward_denial(grant, verdict, request);
  ruling.answer->close = true;
  return ruling;
}

bool still_allowed(const Grant& grant, const RuledRequest& request) {
  const policy::RequestVerdict verdict = ask(grant, request);
  return !slash_refused(verdict, request) && verdict.kind != Kind::denied;
}

}  // namespace sallyport::relay
