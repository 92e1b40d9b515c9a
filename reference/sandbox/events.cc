#include "reference/sandbox/events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>

#include <algorithm>

namespace sallyport::sandbox {
namespace {

using linux::BypassAttempt;

constexpr const char* kBypass = "bypass-detect";
constexpr std::uint16_t kNamePort = 53;

std::string protocol_of(const BypassAttempt& attempt) {
  if (attempt.protocol == IPPROTO_TCP) return "tcp";
  if (attempt.protocol == IPPROTO_UDP) return "udp";
  return fmt::format("protocol {}", attempt.protocol);
}

audit::Peer peer_of(const net::Endpoint& endpoint) {
  return {endpoint.address.to_string(), endpoint.port};
}

std::string message_of(const BypassAttempt& attempt) {
  return fmt::format("BYPASS_DETECT {} proto={} uid={}", audit::peer_text(peer_of(attempt.to)),
                     protocol_of(attempt), attempt.uid ? std::to_string(*attempt.uid) : "-");
}

audit::Event refused(const BypassAttempt& attempt) {
  audit::Event event;
  event.kind = audit::EventClass::network_activity;
  event.activity = audit::activity::kNetRefuse;
  event.severity = audit::Severity::medium;
  event.status = audit::Status::failure;
  event.action = audit::Action::denied;
  event.disposition = audit::Disposition::blocked;
  event.message = message_of(attempt);
  event.rule = audit::Rule{kBypass, "nftables"};
  event.source = peer_of(attempt.from);
  event.destination = peer_of(attempt.to);
  event.unmapped.emplace_back("observation_point_id", std::int64_t{3});
  event.unmapped.emplace_back("protocol", protocol_of(attempt));
  event.unmapped.emplace_back("denial_stage", std::string("bypass"));
  if (attempt.uid) event.unmapped.emplace_back("uid", static_cast<std::int64_t>(*attempt.uid));
  return event;
}

audit::Event found(const BypassAttempt& attempt) {
  audit::Finding finding;
  finding.uid = kBypass;
  finding.title = "Proxy Bypass Detected";
  finding.description = bypass_hint(attempt);
  finding.evidence = {{"dst_addr", attempt.to.address.to_string()},
                      {"dst_port", std::to_string(attempt.to.port)},
                      {"proto", protocol_of(attempt)},
                      {"hint", bypass_hint(attempt)}};
  if (attempt.uid) finding.evidence.emplace_back("uid", std::to_string(*attempt.uid));
  audit::Event event =
      audit::finding(std::move(finding), audit::Severity::medium, audit::Disposition::blocked);
  event.message = message_of(attempt);
  event.unmapped.emplace_back("confidence", std::string("High"));
  return event;
}

audit::Event landlock_missing() {
  audit::Finding finding;
  finding.uid = "landlock-unavailable";
  finding.title = "Landlock Unavailable";
  finding.description =
      "This kernel has no Landlock: the sandbox's files aren't confined. Say "
      "landlock: {compatibility: hard_requirement} in the policy to refuse such a start";
  return audit::finding(std::move(finding), audit::Severity::high, audit::Disposition::logged);
}

audit::Event degraded(const std::string& what) {
  return audit::config_state("degraded", what, audit::Severity::medium, audit::Status::failure);
}

}  // namespace

std::string bypass_hint(const BypassAttempt& attempt) {
  if (attempt.protocol == IPPROTO_UDP && attempt.to.port == kNamePort) {
    return "DNS queries don't leave the sandbox: names are resolved by the proxy; check the "
           "resolver's configuration";
  }
  if (attempt.protocol == IPPROTO_UDP) return "UDP doesn't leave the sandbox: use the HTTP proxy";
  return "direct connections don't leave the sandbox: honour HTTP_PROXY and HTTPS_PROXY (Node.js: "
         "NODE_USE_ENV_PROXY=1)";
}

std::vector<audit::Event> bypass_events(const BypassAttempt& attempt) {
  return {refused(attempt), found(attempt)};
}

std::vector<audit::Event> start_events(const Plan& plan, const Report& report) {
  std::vector<audit::Event> events;
  for (const std::string& what : report.degraded) events.push_back(degraded(what));
  if (!plan.files.confined) return events;
  if (report.landlock == 0) {
    events.push_back(landlock_missing());
    return events;
  }
  const auto writable = static_cast<std::size_t>(
      std::count_if(plan.files.places.begin(), plan.files.places.end(),
                    [](const FilePlace& place) { return place.access == linux::FileAccess::all; }));
  events.push_back(audit::config_state(
      "applying",
      fmt::format("Applying Landlock filesystem sandbox [abi:V{} compat:{} ro:{} rw:{}]",
                  report.landlock, plan.files.required ? "HardRequirement" : "BestEffort",
                  plan.files.places.size() - writable, writable)));
  audit::Event built = audit::config_state(
      "built", fmt::format("Landlock ruleset built [rules_applied:{} skipped:{}]", report.rules,
                           plan.files.places.size() - report.rules));
  if (!report.missing.empty())
    built.unmapped.emplace_back("missing", fmt::format("{}", fmt::join(report.missing, " ")));
  events.push_back(std::move(built));
  return events;
}

audit::Event enriched_event(const std::vector<std::string>& added) {
  audit::Event event = audit::config_state(
      "Enabled",
      fmt::format("Enriched policy with baseline filesystem paths [added:{}]", added.size()));
  event.unmapped.emplace_back("label", std::string("enriched"));
  event.unmapped.emplace_back("paths", fmt::format("{}", fmt::join(added, " ")));
  return event;
}

}  // namespace sallyport::sandbox
