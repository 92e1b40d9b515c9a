#include "reference/relay/inference_events.h"

#include <fmt/format.h>

namespace sallyport::relay {
namespace {

// What kind of provider it is; where it is, is the operator's own affair.
std::string provider_of(const inference::Route& route) {
  return route.provider_type.empty() ? "custom" : route.provider_type;
}

void add_count(audit::Event& event, std::string_view name,
               const std::optional<std::uint64_t>& count) {
  if (count) event.unmapped.emplace_back(name, static_cast<std::int64_t>(*count));
}

}  // namespace

audit::Flow InferenceEvents::flow() const {
  return {source_, {std::string(egress::kInferenceHost), egress::kInferencePort}};
}

void InferenceEvents::emit(audit::Event event, const egress::Generation& generation) {
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(generation.number));
  services_.audit.emit(event);
}

void InferenceEvents::refused(std::string message, std::string cause) {
  audit::Event event =
      audit::net_denied(flow(), std::move(message), std::move(cause), {"-", "inference"});
  emit(std::move(event), *services_.generations.current());
}

void InferenceEvents::malformed(std::string cause) {
  refused(fmt::format("Rejecting malformed inference request: {}", cause), cause);
}

void InferenceEvents::denied(std::string cause) {
  refused(fmt::format("Inference interception denied: {}", cause), cause);
}

void InferenceEvents::routed(const inference::Call& call, const egress::Generation& generation) {
  std::string message =
      fmt::format("Intercepted inference request, routing locally: {} {} (protocol={}, kind={})",
                  call.match.method, call.target.path(), call.match.protocol, call.match.kind);
  emit(audit::net_allowed(flow(), std::move(message), {"-", "inference"}), generation);
}

void InferenceEvents::failed(std::string cause, const egress::Generation& generation) {
  emit(audit::net_failed(flow(), fmt::format("Inference routing failed: {}", cause), cause),
       generation);
}

void InferenceEvents::called(const inference::Route& route, const inference::Call& call,
                             const RouteResult& result, base::Duration took,
                             const egress::Generation& generation) {
  if (result.error) failed(result.cause, generation);
  const bool success =
      !result.error && !result.truncated && result.status >= 200 && result.status < 300;
  audit::ApiCall api;
  api.operation = std::string(call.match.kind);
  api.model = route.model;
  api.provider = provider_of(route);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  audit::Event event = audit::api_called(std::move(api), success, ms);
  event.status_detail = result.cause;
  if (result.status != 0) event.unmapped.emplace_back("status_code", std::int64_t{result.status});
  add_count(event, "input_tokens", result.usage.input_tokens);
  add_count(event, "output_tokens", result.usage.output_tokens);
  emit(std::move(event), generation);
}

}  // namespace sallyport::relay
