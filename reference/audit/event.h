// What the supervisor decided or did, as OCSF 1.8 events: values, without a clock and without a
// destination (sink.h stamps and writes them). No member may hold a query, a body or a secret: a
// path comes without its query, a provider by its address. Follows OpenShell crates/openshell-ocsf
// (src/events/base_event.rs, src/builders).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sallyport::audit {

// Numbers are OCSF's.
enum class EventClass : int {
  detection_finding = 2004,
  network_activity = 4001,
  http_activity = 4002,
  config_state_change = 5019,
  application_lifecycle = 6002,
  api_activity = 6003,
};

enum class Severity : int {
  unknown = 0,
  informational = 1,
  low = 2,
  medium = 3,
  high = 4,
  critical = 5,
  fatal = 6,
  other = 99,
};

enum class Status : int { unknown = 0, success = 1, failure = 2, other = 99 };

enum class Action : int {
  unknown = 0,
  allowed = 1,
  denied = 2,
  observed = 3,
  modified = 4,
  other = 99,
};

// Of OCSF's 28 those that this program uses; to_json knows the label of each.
enum class Disposition : int {
  unknown = 0,
  allowed = 1,
  blocked = 2,
  dropped = 6,
  detected = 15,
  logged = 17,
  alert = 19,
  reset = 21,
  rejected = 25,
  error = 27,
  other = 99,
};

// activity_id: its label depends on the class, so the numbers are grouped by class.
namespace activity {
inline constexpr int kNetOpen = 1;
inline constexpr int kNetClose = 2;
inline constexpr int kNetReset = 3;
inline constexpr int kNetFail = 4;
inline constexpr int kNetRefuse = 5;
inline constexpr int kNetTraffic = 6;
inline constexpr int kNetListen = 7;
inline constexpr int kHttpFail = 4;    // rendered as `Head`, as in the field (proxy.rs)
inline constexpr int kHttpRefuse = 5;  // rendered as `Options`, as in the field
inline constexpr int kFindingCreate = 1;
inline constexpr int kConfigLog = 1;
inline constexpr int kLifecycleStart = 3;
inline constexpr int kLifecycleStop = 4;
inline constexpr int kOther = 99;  // HTTP activity by the proxy always; upgrades
}  // namespace activity

// A host is an IP literal (no brackets) or a name.
struct Peer {
  std::string host;
  std::uint16_t port = 0;
};

// `host:port`, IPv6 in brackets.
[[nodiscard]] std::string peer_text(const Peer& peer);

// firewall_rule: who decided. `-` as the name when no policy matched.
struct Rule {
  std::string policy = "-";
  std::string engine;  // opa, ssrf, tls, l7, http-parser, request-authority ...
};

// actor.process: the program that asked. Absent where programs aren't told apart, or it isn't
// known.
struct Actor {
  std::string name;  // path of its executable
  int pid = 0;
  std::string cmd_line;              // what of it may be shown: paths. Empty: left out
  std::vector<std::string> parents;  // executables, nearest first; none is written as `-`
};

struct HttpRequest {
  std::string method;
  std::string scheme = "http";
  std::string host;
  std::uint16_t port = 0;
  std::string path;  // without its query; to_json cuts at `?` all the same
};

struct Finding {
  std::string uid;
  std::string title;
  std::string description;
  std::vector<std::pair<std::string, std::string>> evidence;
};

// One call to a model API.
struct ApiCall {
  std::string operation;
  std::string model;
  std::string provider;  // the route's endpoint URL, as the field has it; never with userinfo
};

using Unmapped = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

// Empty texts and absent optionals are left out of the JSON.
struct Event {
  EventClass kind = EventClass::network_activity;
  int activity = activity::kOther;
  std::string activity_name;  // instead of the class's own label (`Upgrade`)
  Severity severity = Severity::informational;
  std::optional<Status> status;
  std::optional<Action> action;
  std::optional<Disposition> disposition;
  std::string message;
  std::string status_detail;
  std::optional<Rule> rule;
  std::optional<Actor> actor;
  std::optional<Peer> source;
  std::optional<Peer> destination;
  std::optional<HttpRequest> http_request;
  std::optional<int> http_status;  // of the answer
  std::optional<Finding> finding;
  std::string state;  // CONFIG: a label; `Enabled` and `Disabled` have numbers of their own
  std::optional<ApiCall> api;
  Unmapped unmapped;
};

// Who is connected to whom; the source may be unknown, and so may the destination: an empty host.
struct Flow {
  std::optional<Peer> source;
  Peer destination;
  std::optional<Actor> actor{};
};

// --- the shapes that the field system emits; callers may set further members --------------------

// NET Open, Informational, Allowed.
[[nodiscard]] Event net_allowed(Flow flow, std::string message, Rule rule);
// NET Open, Denied / Blocked / Failure; `detail` says why.
[[nodiscard]] Event net_denied(Flow flow, std::string message, std::string detail, Rule rule,
                               Severity severity = Severity::medium);
// NET Fail, Low, Failure: something broke, nobody decided.
[[nodiscard]] Event net_failed(Flow flow, std::string message, std::string detail = {});
// NET Listen: `Proxy listening on <address>`.
[[nodiscard]] Event net_listening(Peer proxy);
// HTTP Other, Informational, Allowed.
[[nodiscard]] Event http_allowed(Flow flow, HttpRequest request, std::string message, Rule rule);
// HTTP Other, Denied / Blocked / Failure.
[[nodiscard]] Event http_denied(Flow flow, HttpRequest request, std::string message,
                                std::string detail, Rule rule,
                                Severity severity = Severity::medium);
// HTTP activity 5, Informational, Denied / Rejected / Failure: a scheme that isn't served.
[[nodiscard]] Event http_refused(Flow flow, HttpRequest request, std::string message);
// HTTP activity 4, Failure: a request that couldn't be read or was not what the tunnel is for.
[[nodiscard]] Event http_failed(Flow flow, HttpRequest request, std::string message,
                                std::string detail, Severity severity = Severity::low);
// FINDING Create, alert.
[[nodiscard]] Event finding(Finding what, Severity severity, Disposition disposition);
// CONFIG Log with a state label: loaded, failed, degraded, ready ...
[[nodiscard]] Event config_state(std::string state, std::string message,
                                 Severity severity = Severity::informational,
                                 Status status = Status::success);
// LIFECYCLE Start or Stop.
[[nodiscard]] Event lifecycle(int activity, std::string message);
// API activity 99 of a routed model call; latency_ms and tokens go into `unmapped`.
[[nodiscard]] Event api_called(ApiCall call, bool success, std::int64_t latency_ms);

}  // namespace sallyport::audit
