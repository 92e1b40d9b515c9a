#include "reference/middleware/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/http/text.h"
#include "reference/middleware/built_ins.h"
#include "reference/middleware/diagnostics.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;

std::string named(const Registration& registration, std::string_view what) {
  return fmt::format("middleware registration '{}' {}", registration.name, what);
}

std::string external(const Registration& registration, std::string_view what) {
  return "external " + named(registration, what);
}

bool is_http_request(const pb::MiddlewareBinding& binding) {
  return binding.operation() == pb::SUPERVISOR_MIDDLEWARE_OPERATION_HTTP_REQUEST &&
         binding.phase() == pb::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS;
}

bool is_supported(const pb::MiddlewareBinding& binding) {
  return is_http_request(binding) ||
         (binding.operation() == pb::SUPERVISOR_MIDDLEWARE_OPERATION_WEBSOCKET_MESSAGE &&
          binding.phase() == pb::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
}

bool is_reserved(const pb::MiddlewareBinding& binding) {
  return binding.operation() == pb::SUPERVISOR_MIDDLEWARE_OPERATION_WEBSOCKET_MESSAGE &&
         binding.phase() == pb::SUPERVISOR_MIDDLEWARE_PHASE_PRE_RETURN;
}

std::optional<std::string> binding_fault(const Registration& registration,
                                         const pb::MiddlewareBinding& binding) {
  const auto fault = [&](std::string_view what) { return external(registration, what); };
  if (is_reserved(binding)) {
    return fault("advertises WEBSOCKET_MESSAGE/PRE_RETURN, which is reserved");
  }
  if (!is_supported(binding)) {
    return fault("advertises an unsupported middleware operation/phase pair");
  }
  if (binding.max_payload_bytes() == 0 || binding.max_payload_bytes() > kPayloadBytesMax) {
    return fault(fmt::format("advertises a payload limit outside 1 to {}", kPayloadBytesMax));
  }
  if (!parse_timeout(binding.timeout())) {
    return fault("advertises a timeout that isn't `500ms` or `2s`, from 10ms to 30s");
  }
  if (registration.payload_bytes_max > binding.max_payload_bytes()) {
    return fault(fmt::format("has max_payload_bytes {}, over the {} that it advertises",
                             registration.payload_bytes_max, binding.max_payload_bytes()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<base::Duration> parse_timeout(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (text.empty()) return kTimeoutDefault;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (count > 30'000 || (unit != "ms" && unit != "s")) return std::nullopt;
  const base::Duration timeout = unit == "s" ? base::Duration(std::chrono::seconds(count))
                                             : base::Duration(std::chrono::milliseconds(count));
  if (timeout < kTimeoutLeast || timeout > kTimeoutMost) return std::nullopt;
  return timeout;
}

base::Duration slowed(base::Duration duration, double slow) {
  return base::Duration(
      static_cast<base::Duration::rep>(static_cast<double>(duration.count()) * slow));
}

std::optional<std::string> registration_fault(const Registration& registration) {
  if (!is_stable_name(registration.name)) {
    return fmt::format("middleware registration name '{}' is not 1 to 128 of [A-Za-z0-9._/-]",
                       sanitised(registration.name));
  }
  if (registration.name.starts_with(kBuiltInPrefix)) {
    return named(registration, "uses a name of the built-ins");
  }
  const bool https = registration.endpoint.starts_with("https://");
  if (!https && !registration.endpoint.starts_with("http://")) {
    return named(registration, "needs an endpoint that begins with http:// or https://");
  }
  if (!https && !registration.ca_pem.empty()) {
    return named(registration, "has a CA, which needs https://");
  }
  if (registration.payload_bytes_max == 0 || registration.payload_bytes_max > kPayloadBytesMax) {
    return named(registration,
                 fmt::format("needs max_payload_bytes from 1 to {}", kPayloadBytesMax));
  }
  if (!parse_timeout(registration.timeout)) {
    return named(registration, "has a timeout that isn't `500ms` or `2s`, from 10ms to 30s");
  }
  return std::nullopt;
}

std::optional<std::string> manifest_fault(const Registration& registration,
                                          const pb::MiddlewareManifest& manifest) {
  if (manifest.bindings().empty()) return external(registration, "describes no bindings");
  std::set<std::pair<int, int>> pairs;
  for (const pb::MiddlewareBinding& binding : manifest.bindings()) {
    if (auto fault = binding_fault(registration, binding)) return fault;
    if (!pairs.emplace(binding.operation(), binding.phase()).second) {
      return external(registration, "advertises a middleware operation/phase pair twice");
    }
  }
  return std::nullopt;
}

Implementation describe(const Registration& registration, const pb::MiddlewareManifest& manifest,
                        double slow) {
  Implementation one;
  one.name = registration.name;
  one.external = true;
  one.expected_audience = manifest.expected_audience();
  one.registration = registration;
  const base::Duration mine = parse_timeout(registration.timeout).value_or(kTimeoutDefault);
  one.operator_timeout = slowed(mine, slow);
  for (const pb::MiddlewareBinding& from : manifest.bindings()) {
    Binding binding{registration.payload_bytes_max, one.operator_timeout};
    if (from.timeout().find_first_not_of(" \t\r\n\v\f") != std::string::npos) {
      // The service can only shorten what the operator grants.
      const base::Duration its = parse_timeout(from.timeout()).value_or(mine);
      binding.timeout = slowed(std::min(mine, its), slow);
    }
    (is_http_request(from) ? one.bindings.http : one.bindings.websocket) = binding;
  }
  return one;
}

}  // namespace sallyport::middleware
