#include "reference/relay/websocket.h"

#include "reference/middleware/chain.h"
#include "reference/relay/http_events.h"
#include "reference/relay/middleware_events.h"
#include "reference/relay/raw.h"

namespace sallyport::relay {
namespace {

constexpr std::string_view kWebSocket = "websocket";

middleware::Uninspectable gate(const Grant& grant) {
  return middleware::judge_uninspectable(grant.generation->policy, grant.intent.host);
}

}  // namespace

std::optional<http::LocalAnswer> refuse_websocket(const Services& services, const Grant& grant,
                                                  const UpgradeRead& upgrade) {
  if (!upgrade.asked) {
    services.audit.emit(rejected_event(grant, std::string(upgrade.fault)));
    return http::json_error(400, "invalid_request", upgrade.fault);
  }
  const middleware::Uninspectable found = gate(grant);
  if (found == middleware::Uninspectable::unrestricted) return std::nullopt;
  const bool bypassed = found == middleware::Uninspectable::bypass_with_finding;
  services.audit.emit(uninspectable_event(grant, kWebSocket, bypassed));
  if (bypassed) return std::nullopt;
  return http::json_error(403, "middleware_required",
                          "WebSocket messages cannot be inspected by required middleware");
}

net::Task<void> relay_websocket(const Services& services, const Grant& grant, Inlet& client,
                                Inlet& upstream, RuledRequest request) {
  services.audit.emit(upgraded_event(grant, request.path));
  RawOptions options;
  options.early = client.bytes();
  options.allowed = [&request](const Grant& renewed) {
    return still_allowed(renewed, request) && gate(renewed) != middleware::Uninspectable::deny;
  };
  co_await relay_raw(services, grant, client.stream(), upstream.stream(), std::move(options));
}

}  // namespace sallyport::relay
