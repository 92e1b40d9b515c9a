#include "simulator/scenario/words.h"

#include <algorithm>
#include <array>

#include "simulator/agents/classify.h"

namespace sallyport::sim::scenario {
namespace {

using agents::kControlClasses;
using agents::kExchangeClasses;
using agents::kGateClasses;
using agents::kRunClasses;

constexpr std::array<std::string_view, 8> kPhases{"resolve", "connect", "tunnel", "tls",
                                                  "request", "head",    "body",   "done"};
constexpr std::array<std::string_view, 2> kFramings{"complete", "incomplete"};
constexpr std::array<std::string_view, 4> kSseEnds{"terminal", "missing", "error", "partial"};
constexpr std::array<std::string_view, 4> kHows{"reset", "fin", "clean", "stall"};
constexpr std::array<std::string_view, 2> kBooleans{"true", "false"};

constexpr std::array<Field, 25> kExchangeFacts{{
    {"class", Type::word, kExchangeClasses},
    {"phase", Type::word, kPhases},
    {"errno", Type::text, {}},
    {"rcode", Type::text, {}},
    {"http_connect", Type::number, {}},
    {"tls_verify", Type::text, {}},
    {"tls_alert", Type::text, {}},
    {"status", Type::number, {}},
    {"headers", Type::headers, {}},
    {"body", Type::text, {}},
    {"body_size", Type::size, {}},
    {"json", Type::json, {}},
    {"error", Type::text, {}},
    {"answered_by", Type::text, {}},
    {"framing", Type::word, kFramings},
    {"sse_count", Type::number, {}},
    {"sse_end", Type::word, kSseEnds},
    {"reused", Type::word, kBooleans},
    {"attempts", Type::number, {}},
    {"exchanges", Type::number, {}},
    {"first_byte", Type::duration, {}},
    {"total", Type::duration, {}},
    {"longest_gap", Type::duration, {}},
    {"messages", Type::number, {}},
    {"close_code", Type::number, {}},
}};

constexpr std::array<Field, 8> kRunFacts{{
    {"class", Type::word, kRunClasses},
    {"exit", Type::number, {}},
    {"signal", Type::text, {}},
    {"stdout", Type::text, {}},
    {"stderr", Type::text, {}},
    {"total", Type::duration, {}},
    {"attempts", Type::number, {}},
    {"exchanges", Type::number, {}},
}};

constexpr std::array<Field, 18> kGateFacts{{
    {"class", Type::word, kGateClasses},
    {"code", Type::text, {}},
    {"reason", Type::text, {}},
    {"detail", Type::text, {}},
    {"calls", Type::number, {}},
    {"gaps", Type::number, {}},
    {"context", Type::text, {}},
    {"exit", Type::number, {}},
    {"http_connect", Type::number, {}},
    {"tls_verify", Type::text, {}},
    {"network", Type::text, {}},
    {"recheck", Type::text, {}},
    {"process_exit", Type::number, {}},
    {"stdout", Type::text, {}},
    {"stderr", Type::text, {}},
    {"total", Type::duration, {}},
    {"attempts", Type::number, {}},
    {"exchanges", Type::number, {}},
}};

constexpr std::array<std::string_view, 17> kCodes{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr std::array<std::string_view, 3> kMiddlewareCalls{"describe", "validate", "evaluate"};

constexpr std::array<Field, 3> kControlFacts{{
    {"class", Type::word, kControlClasses},
    {"code", Type::word, kCodes},
    {"detail", Type::text, {}},
}};

constexpr std::array<Field, 4> kCommonFields{{
    {"step", Type::text, {}},
    {"connection", Type::text, {}},
    {"index", Type::number, {}},
    {"from", Type::text, {}},
}};

constexpr std::array<std::string_view, 25> kTopLevel{
    "scenario",   "reproduces",  "requirement", "kills",     "source",     "tags",    "known_issue",
    "yields",     "needs",       "timeout",     "seed",      "matrix",     "include", "hosts",
    "networks",   "dns",         "firewall",    "providers", "middleware", "decoys",  "gateway",
    "supervisor", "supervisors", "policy",      "inference"};
constexpr std::array<std::string_view, 2> kTopLevelEnd{"steps", "expect"};

constexpr std::array<std::string_view, 21> kVerbs{
    "request", "websocket", "raw",       "run",        "gate",   "policy",  "inference",
    "dns",     "firewall",  "providers", "middleware", "rotate", "revoke",  "update",
    "delete",  "fault",     "lift",      "stop",       "start",  "restart", "pause"};
constexpr std::array<std::string_view, 7> kOtherReserved{"direct", "none",    "auto",  "world",
                                                         "step",   "request", "matrix"};

std::vector<Kind> provider_kinds() {
  return {
      {"connection", {{"to", Type::text, {}}}},
      {"handshake",
       {{"sni", Type::text, {}}, {"alpn", Type::text, {}}, {"version", Type::text, {}}}},
      {"bytes", {{"data", Type::text, {}}, {"size", Type::size, {}}}},
      {"request",
       {{"method", Type::text, {}},
        {"target", Type::text, {}},
        {"path", Type::text, {}},
        {"query", Type::text, {}},
        {"headers", Type::headers, {}},
        {"body", Type::text, {}},
        {"body_size", Type::size, {}},
        {"json", Type::json, {}},
        {"framing", Type::text, {}},
        {"version", Type::text, {}},
        {"key", Type::text, {}},
        {"nonce", Type::text, {}}}},
      {"response", {{"status", Type::number, {}}, {"nonce", Type::text, {}}}},
      {"sse", {{"data", Type::text, {}}, {"nonce", Type::text, {}}}},
      {"cut", {{"how", Type::word, kHows}}},
      {"closed", {{"how", Type::text, {}}}},
      {"upgrade", {{"headers", Type::headers, {}}}},
      {"message", {{"text", Type::text, {}}, {"size", Type::size, {}}}},
      {"attempt", {}},
  };
}

std::vector<Kind> decoy_kinds() {
  return {{"connection", {{"to", Type::text, {}}}},
          {"bytes", {{"data", Type::text, {}}, {"size", Type::size, {}}}},
          {"attempt", {}}};
}

std::vector<Kind> dns_kinds() {
  return {{"query",
           {{"name", Type::text, {}},
            {"type", Type::text, {}},
            {"rcode", Type::text, {}},
            {"answer", Type::text, {}}}}};
}

std::vector<Kind> supervisor_kinds() {
  return {
      {"ready", {}},
      {"config",
       {{"generation", Type::number, {}},
        {"state", Type::text, {}},
        {"part", Type::text, {}},
        {"message", Type::text, {}},
        {"detail", Type::text, {}},
        {"config_revision", Type::text, {}},
        {"bundle_revision", Type::text, {}},
        {"environment_revision", Type::text, {}}}},
      {"audit",
       {{"class", Type::text, {}},
        {"activity", Type::text, {}},
        {"action", Type::text, {}},
        {"disposition", Type::text, {}},
        {"severity", Type::text, {}},
        {"status", Type::text, {}},
        {"detail", Type::text, {}},
        {"message", Type::text, {}},
        {"policy", Type::text, {}},
        {"engine", Type::text, {}},
        {"actor", Type::text, {}},
        {"uid", Type::text, {}},
        {"state", Type::text, {}},
        {"json", Type::json, {}}}},
      {"exit", {{"exit", Type::number, {}}, {"signal", Type::text, {}}}},
      {"attempt", {}},
  };
}

std::vector<Kind> middleware_kinds() {
  return {
      {"ready", {}},
      {"connection", {{"to", Type::text, {}}}},
      {"describe", {{"code", Type::word, kCodes}, {"malformed", Type::text, {}}}},
      {"validate",
       {{"name", Type::text, {}},
        {"json", Type::json, {}},
        {"code", Type::word, kCodes},
        {"malformed", Type::text, {}}}},
      {"evaluate", {{"method", Type::text, {}},     {"path", Type::text, {}},
                    {"query", Type::text, {}},      {"headers", Type::headers, {}},
                    {"body", Type::text, {}},       {"body_size", Type::size, {}},
                    {"json", Type::json, {}},       {"scheme", Type::text, {}},
                    {"host", Type::text, {}},       {"port", Type::number, {}},
                    {"name", Type::text, {}},       {"phase", Type::text, {}},
                    {"config", Type::json, {}},     {"request_id", Type::text, {}},
                    {"sandbox_id", Type::text, {}}, {"sandbox_name", Type::text, {}},
                    {"workspace", Type::text, {}},  {"binary", Type::text, {}},
                    {"decision", Type::text, {}},   {"reason_code", Type::text, {}},
                    {"code", Type::word, kCodes},   {"malformed", Type::text, {}},
                    {"nonce", Type::text, {}}}},
      {"cancelled",
       {{"call", Type::word, kMiddlewareCalls},
        {"method", Type::text, {}},
        {"path", Type::text, {}},
        {"request_id", Type::text, {}},
        {"nonce", Type::text, {}}}},
      {"goaway", {}},
      {"preflight", {}, false},
      {"session_start", {}, false},
      {"message", {{"sequence", Type::number, {}}, {"text", Type::text, {}}}, false},
      {"session_end", {{"reason", Type::text, {}}}, false},
      {"exit", {{"exit", Type::number, {}}, {"signal", Type::text, {}}}},
      {"attempt", {}},
  };
}

std::vector<Kind> gateway_kinds() {
  return {{"ready", {}},
          {"call", {{"rpc", Type::text, {}}, {"code", Type::word, kCodes}}},
          {"exit", {{"exit", Type::number, {}}, {"signal", Type::text, {}}}},
          {"attempt", {}}};
}

std::vector<Field> all(std::span<const Field> fields) { return {fields.begin(), fields.end()}; }

std::vector<Field> with_nonce(std::vector<Field> fields) {
  fields.push_back({"nonce", Type::text, {}});
  return fields;
}

// What any exchange has; `more` are its own.
std::vector<Kind> exchange_kinds(std::vector<Kind> more) {
  std::vector<Kind> kinds{
      {"start", {}},
      {"response",
       {{"status", Type::number, {}}, {"headers", Type::headers, {}}, {"nonce", Type::text, {}}}}};
  kinds.insert(kinds.end(), more.begin(), more.end());
  kinds.push_back({"outcome", with_nonce(all(kExchangeFacts))});
  kinds.push_back({"done", all(kExchangeFacts)});
  return kinds;
}

std::vector<Kind> request_kinds() {
  return exchange_kinds(
      {{"sse", {{"data", Type::text, {}}, {"error", Type::text, {}}, {"nonce", Type::text, {}}}}});
}

std::vector<Kind> websocket_kinds() {
  return exchange_kinds({{"message", {{"text", Type::text, {}}, {"size", Type::size, {}}}}});
}

std::vector<Kind> run_kinds(std::span<const Field> facts) {
  return {
      {"start", {}},
      {"exec",
       {{"argv", Type::text, {}},
        {"context", Type::text, {}},
        {"exit", Type::number, {}},
        {"stdout", Type::text, {}}}},
      {"tool", {{"name", Type::text, {}}, {"argv", Type::text, {}}, {"exit", Type::number, {}}}},
      {"outcome", all(facts)},
      {"done", all(facts)}};
}

std::vector<Kind> control_kinds() { return {{"start", {}}, {"done", all(kControlFacts)}}; }

std::vector<Kind> fault_kinds() {
  std::vector<Kind> kinds = control_kinds();
  kinds.push_back({"hit", {}});
  return kinds;
}

std::vector<Kind> rule_kinds() {
  return {{"hit", {{"to", Type::text, {}}, {"port", Type::number, {}}}}};
}

}  // namespace

const std::vector<Kind>& kinds_of(SourceType type) {
  static const std::array<std::vector<Kind>, 14> kKinds{
      provider_kinds(), decoy_kinds(),        dns_kinds(),       supervisor_kinds(),
      request_kinds(),  run_kinds(kRunFacts), control_kinds(),   middleware_kinds(),
      gateway_kinds(),  fault_kinds(),        websocket_kinds(), exchange_kinds({}),
      rule_kinds(),     run_kinds(kGateFacts)};
  return kKinds[static_cast<std::size_t>(type)];
}

bool is_exchange(SourceType type) {
  return type == SourceType::request || type == SourceType::websocket || type == SourceType::raw;
}

std::span<const Field> common_fields() { return kCommonFields; }

std::span<const Field> facts_of(SourceType step_type) {
  if (is_exchange(step_type)) return kExchangeFacts;
  if (step_type == SourceType::run) return kRunFacts;
  if (step_type == SourceType::gate) return kGateFacts;
  return kControlFacts;
}

std::span<const std::string_view> top_level_keys() {
  static const std::vector<std::string_view> kAll = [] {
    std::vector<std::string_view> keys(kTopLevel.begin(), kTopLevel.end());
    keys.insert(keys.end(), kTopLevelEnd.begin(), kTopLevelEnd.end());
    return keys;
  }();
  return kAll;
}
std::span<const std::string_view> verbs() { return kVerbs; }
std::span<const std::string_view> grpc_codes() { return kCodes; }

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 40 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_reserved(std::string_view name) {
  const auto has = [&](std::span<const std::string_view> words) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  return has(top_level_keys()) || has(kVerbs) || has(kOtherReserved);
}

}  // namespace sallyport::sim::scenario
