#include "reference/relay/websocket.h"

#include "reference/middleware/chain.h"
#include "reference/relay/answer.h"
#include "reference/relay/http_events.h"
#include "reference/relay/middleware_events.h"
#include "reference/relay/raw.h"

namespace sallyport::relay {
namespace {

constexpr std::string_view kWebSocket = "websocket";
constexpr std::string_view kRefused =
    "WebSocket messages cannot be inspected by required middleware";

middleware::Uninspectable gate(const Grant& grant) {
  return middleware::judge_uninspectable(grant.generation->policy, grant.intent.host);
}

// Whether the messages to come may pass unread; emits the events.
bool judge_messages(const Services& services, const Grant& grant, const RuledRequest& asked) {
  const middleware::Uninspectable found = gate(grant);
  if (found == middleware::Uninspectable::unrestricted) return true;
  const bool bypassed = found == middleware::Uninspectable::bypass_with_finding;
  services.audit.emit(uninspectable_event(grant, kWebSocket, bypassed));
  if (bypassed) return true;
  services.audit.emit(
      middleware_denied_event(grant, asked.method, asked.path, std::string(kRefused)));
  return false;
}

}  // namespace

http::LocalAnswer refuse_handshake(const Services& services, const Grant& grant,
                                   const UpgradeRead& upgrade) {
  services.audit.emit(rejected_event(grant, std::string(upgrade.fault)));
  return http::json_error(400, "invalid_request", upgrade.fault);
}

net::Task<bool> pass_middleware(const Services& services, const Grant& grant, Inlet& client,
                                std::optional<Passage> passage, const RuledRequest& asked,
                                Outgoing& outgoing) {
  if (passage) {
    const bool passed = co_await pass_chain(services, grant, client, std::move(*passage), outgoing);
    if (!passed) co_return false;
  }
  if (!outgoing.upgrade || judge_messages(services, grant, asked)) co_return true;
  http::LocalAnswer answer = http::json_error(403, "middleware_required", kRefused);
  answer.close = true;
  co_await send_answer(client.stream(), std::move(answer), asked.method, grant.limits(),
                       services.clock);
  co_return false;
}

bool still_passes(const Grant& grant, const RuledRequest& request) {
  return still_allowed(grant, request) &&
         (!request.websocket_upgrade || gate(grant) != middleware::Uninspectable::deny);
}

net::Task<void> relay_websocket(const Services& services, const Grant& grant, Inlet& client,
                                Inlet& upstream, RuledRequest request) {
  services.audit.emit(upgraded_event(grant, request.path));
  RawOptions options;
  options.early = client.bytes();
  options.allowed = [&request](const Grant& renewed) { return still_passes(renewed, request); };
  co_await relay_raw(services, grant, client.stream(), upstream.stream(), std::move(options));
}

}  // namespace sallyport::relay
