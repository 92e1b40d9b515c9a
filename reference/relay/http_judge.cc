#include "reference/relay/http_judge.h"

#include "reference/http/framing.h"
#include "reference/http/header_rules.h"
#include "reference/http/target.h"
#include "reference/relay/http_events.h"
#include "reference/relay/upgrade.h"
#include "reference/relay/websocket.h"

namespace sallyport::relay {
namespace {

constexpr std::uint16_t kHttpsPort = 443;

HeadVerdict refuse(http::LocalAnswer answer, std::string method = {}) {
  HeadVerdict verdict;
  verdict.answer = std::move(answer);
  verdict.method = std::move(method);
  return verdict;
}

HeadVerdict malformed(const TunnelRequest& request, std::string cause, std::string method = {}) {
  request.services.audit.emit(rejected_event(request.grant, cause));
  return refuse(http::json_error(400, "invalid_request", cause), std::move(method));
}

// A request without any authority (HTTP/1.0) has nothing that could name another.
bool bound_to_tunnel(const TunnelRequest& request, const http::RequestHead& head) {
  const http::Authority tunnel = request.grant.authority();
  if (http::is_absolute_form(head.target)) {
    const auto absolute = http::parse_absolute_form(head.target);
    if (!absolute || absolute->authority != tunnel) return false;
  }
  const auto host = head.field("host");
  return !host || http::authority_matches(*host, request.default_port, tunnel);
}

HeadVerdict refuse_upgrade(const TunnelRequest& request, const http::RequestHead& head,
                           std::string path) {
  const bool h2c = http::upgrade_of(head) == http::Upgrade::h2c;
  const std::string_view detail =
      h2c ? "HTTP/2 cleartext upgrade (h2c) is not supported for L7-inspected endpoints"
          : "no upgrade but WebSocket's is served";
  request.services.audit.emit(request_denied_event(request.grant, std::string(head.method),
                                                   std::move(path), std::string(detail)));
  return refuse(http::json_error(403, "unsupported_l7_protocol", detail), std::string(head.method));
}

AcceptedRequest accept(const TunnelRequest& request, const http::RequestHead& head,
                       const http::Framing& framing, const http::CanonicalTarget& target) {
  AcceptedRequest accepted;
  Outgoing& out = accepted.outgoing;
  out.head = http::build_tunnel_head(head, target, framing);
  out.framing = framing;
  out.method = std::string(head.method);
  out.client_version_minor = head.version_minor;
  out.expects_continue = head.fields.has_token("expect", "100-continue");
  out.keep_client = head.keeps_alive() && !request.last;
  // The scheme that is spoken in the tunnel: TLS is what makes a port's default 443.
  const std::string_view scheme = request.default_port == kHttpsPort ? "https" : "http";
  accepted.passage = select_passage(request.services, request.grant, scheme, head, target);
  return accepted;
}

// The form is sound: upgrades, rules, and what goes up.
HeadVerdict judge_request(TunnelRequest& request, const http::RequestHead& head,
                          const http::Framing& framing, const http::CanonicalTarget& target) {
  const http::Upgrade upgrade = http::upgrade_of(head);
  UpgradeRead websocket;
  if (upgrade == http::Upgrade::websocket) websocket = read_upgrade(head, framing);
  RuledRequest asked = ruled_request(head, target, websocket.asked.has_value());
  const std::string method = asked.method;
  if (upgrade == http::Upgrade::h2c) return refuse_upgrade(request, head, asked.path);
  Ruling ruling = rule_on(request.grant, asked, RuleForm::tunnel);
  if (ruling.end == Ruling::End::encoded_slash) {
    return malformed(request, "request-target has an encoded slash", method);
  }
  if (ruling.answer) {
    if (ruling.event) request.services.audit.emit(*ruling.event);
    return refuse(std::move(*ruling.answer), method);
  }
  if (upgrade == http::Upgrade::other) return refuse_upgrade(request, head, asked.path);
  if (upgrade == http::Upgrade::websocket && !websocket.asked) {
    return refuse(refuse_handshake(request.services, request.grant, websocket), method);
  }
  HeadVerdict verdict;
  verdict.method = method;
  verdict.accepted = accept(request, head, framing, target);
  verdict.accepted->allowed =
      ruling.event ? std::move(*ruling.event)
                   : request_allowed_event(request.grant, method, asked.path, request.number);
  verdict.accepted->asked = std::move(asked);
  // What a client sends after an upgrade that was refused may be frames, and no request.
  if (websocket.asked) verdict.accepted->outgoing.keep_client = false;
  verdict.accepted->outgoing.upgrade = std::move(websocket.asked);
  return verdict;
}

}  // namespace

HeadVerdict judge_head(TunnelRequest& request, std::string_view text) {
  const auto head = http::parse_request_head(text);
  if (!head) return malformed(request, head.error().message());
  const auto framing = http::request_framing(*head);
  if (!framing) return malformed(request, framing.error().message());
  const std::string method(head->method);
  if (!bound_to_tunnel(request, *head)) {
    emit_authority_mismatch(request.services, request.grant, *head);
    return refuse(http::authority_mismatch(), method);
  }
  const GenerationSource& generations = request.services.generations;
  if (!renew(request.grant, generations)) {
    // A kept connection may end between requests at any time: its client asks again on another.
    request.services.audit.emit(policy_changed_event(request.grant, generations.current()->number));
    return {};
  }
  http::TargetOptions options;
  options.allow_encoded_slash = true;  // whether it is permitted hangs on the path: rule_on() asks
  options.bytes_max = request.grant.limits().target_bytes_max;
  const auto target = http::canonical_target(head->target, options);
  if (!target) return malformed(request, target.error().message(), method);
  return judge_request(request, *head, *framing, *target);
}

}  // namespace sallyport::relay
