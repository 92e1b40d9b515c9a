#include "reference/supervisor/gate_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "reference/readiness/command_words.h"

namespace sallyport::supervisor {
namespace {

using readiness::Request;
using readiness::Rule;

constexpr double kSecondsMin = 0.001;
constexpr double kSecondsMax = 86'400;
constexpr int kAttemptsMax = 100;
constexpr std::size_t kEndpointMax = 2048;

constexpr const char* kListEndpoint = "https://inference.local/v1/models";
constexpr const char* kCompletionEndpoint = "https://inference.local/v1/chat/completions";

constexpr const char* kFooter =
    R"(Exit codes: 0 proven; 1 the route doesn't serve; 3 skipped, nothing is proven;
4 the probe didn't run; 5 it ran in another namespace than the agent's; 2: a
mistake here. docs/readiness.md says more.

Examples:
  sallyport-supervisor gate ollama-local --sandbox ci
  sallyport-supervisor gate vllm-local --sandbox ci --rule strict --json
  sallyport-supervisor gate ollama-local --agent-netns /proc/4711/ns/net \
      --exec-command 'docker exec box')";

CLI::IsMember yes_or_no() { return CLI::IsMember({"yes", "no"}); }

void set(readiness::ms& into, double seconds) {
  constexpr double kMilliseconds = 1000;
  if (seconds >= 0) into = readiness::ms(std::llround(seconds * kMilliseconds));
}

bool has_odd_octets(std::string_view text) {
  constexpr unsigned char kDelete = 0x7F;
  for (const char character : text) {
    const auto octet = static_cast<unsigned char>(character);
    if (octet <= ' ' || octet >= kDelete) return true;
  }
  return false;
}

// What curl would take for an option, for several addresses or for none.
bool is_address(std::string_view endpoint) {
  constexpr std::string_view kSecure = "https://";
  constexpr std::string_view kPlain = "http://";
  if (endpoint.size() > kEndpointMax || has_odd_octets(endpoint)) return false;
  if (endpoint.starts_with(kSecure)) {
    endpoint.remove_prefix(kSecure.size());
  } else if (endpoint.starts_with(kPlain)) {
    endpoint.remove_prefix(kPlain.size());
  } else {
    return false;
  }
  const std::size_t path = endpoint.find_first_of("/?#");
  const std::string_view authority = endpoint.substr(0, path);
  const std::string_view rest = endpoint.substr(authority.size());
  return !authority.empty() && authority.find_first_of("{}") == std::string_view::npos &&
         rest.find_first_of("{}[]") == std::string_view::npos;
}

bool is_host(std::string_view text) {
  return !text.empty() && !text.starts_with('-') &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ".:_-") == std::string_view::npos;
}

std::string cut(const char* option, const std::string& text, readiness::Words& into) {
  if (text.empty()) return {};
  auto words = readiness::split_words(text);
  if (!words || words->empty() || words->front().empty())
    return fmt::format("{}: no command: a quote isn't closed, or nothing is in it", option);
  into = std::move(*words);
  return {};
}

}  // namespace

void GateOptions::add(CLI::App& app) {
  CLI::App* gate = app.add_subcommand("gate", "Prove that an agent reaches its inference route");
  Request& request = flags_.request;
  gate->add_option("kind", request.kind, "The provider's: ollama-local, vllm-local")->required();
  gate->add_option("--rule", rule_, "What counts as an answer: observed, strict, invocation")
      ->check(CLI::IsMember({"observed", "strict", "invocation"}));
  gate->add_option("--sandbox", request.sandbox, "The sandbox's name");
  gate->add_option("--state-dir", flags_.state_dir, "As run's");
  gate->add_option("--exec-command", exec_command_,
                   "Runs the probe where the agent is; one text, cut into words as a shell does "
                   "it (default: sallyport-supervisor exec --sandbox NAME --)");
  gate->add_option("--agent-netns", flags_.agent_netns,
                   "The agent's network namespace: its inode, or a file like /proc/PID/ns/net "
                   "(default: the sandbox is asked)");
  gate->add_option_function<std::string>(
      "--endpoint",
      [this](const std::string& text) {
        endpoint_ = text;
        has_endpoint_ = true;
      },
      "What is probed (default: https://inference.local/v1/models, for invocation "
      "/v1/chat/completions)");
  gate->add_option("--model", request.model, "invocation: the request's model");
  gate->add_option("--expect", request.expect, "invocation: what the answer must say");
  gate->add_flag("--json", flags_.json, "The report as a line of JSON on standard output");
  add_conditions(*gate);
  add_bridge(*gate);
  add_limits(*gate);
  gate->footer(kFooter);
}

void GateOptions::add_conditions(CLI::App& gate) {
  readiness::Setup& setup = flags_.request.setup;
  constexpr const char* kGroup = "Conditions";
  gate.add_option("--gpu", gpu_, "yes or no: the sandbox has one")
      ->check(yes_or_no())
      ->group(kGroup);
  gate.add_option("--platform", setup.platform, "linux, or another")->group(kGroup);
  gate.add_option("--driver", setup.driver, "The gateway's: docker, or another")->group(kGroup);
  gate.add_option("--route", setup.route, "How the GPU came in: compatibility, or another")
      ->group(kGroup);
  gate.add_option("--network", setup.network, "What was asked for: host, or another")
      ->group(kGroup);
}

void GateOptions::add_bridge(CLI::App& gate) {
  constexpr std::int64_t kPortMax = 1'000'000;  // a port that is none is a finding of the gate's
  Request& request = flags_.request;
  constexpr const char* kGroup = "Bridge and firewall";
  gate.add_option(
          "--bridge-command", bridge_command_,
          "Runs the bridge's probe, cut as --exec-command (default: docker run ... busybox)")
      ->group(kGroup);
  gate.add_option("--bridge-host", request.bridge_host, "What the bridge's probe connects to")
      ->group(kGroup);
  gate.add_option("--bridge-route", bridge_route_, "native or host-gateway")
      ->check(CLI::IsMember({"native", "host-gateway"}))
      ->group(kGroup);
  gate.add_option("--auto-fix", auto_fix_, "yes or no: open the firewall with sudo and ufw")
      ->check(yes_or_no())
      ->group(kGroup);
  gate.add_option("--subnet", request.setup.subnet, "The bridge's, as IPv4 CIDR")->group(kGroup);
  gate.add_option("--gateway-address", request.setup.gateway, "The machine's on the bridge")
      ->group(kGroup);
  gate.add_option("--port", request.setup.port, "That the bridge must reach (8080)")
      ->check(CLI::Range(std::int64_t{0}, kPortMax))
      ->group(kGroup);
}

void GateOptions::add_limits(CLI::App& gate) {
  readiness::GateLimits& limits = flags_.request.limits;
  constexpr const char* kGroup = "Limits, in seconds";
  const auto time = CLI::Range(kSecondsMin, kSecondsMax);
  const auto gap = CLI::Range(0.0, kSecondsMax);
  const auto count = CLI::Range(1, kAttemptsMax);
  gate.add_option("--attempts", limits.attempts, "Of the probe (3)")->check(count)->group(kGroup);
  gate.add_option("--gap", seconds_.gap, "Between them (2; invocation 5)")
      ->check(gap)
      ->group(kGroup);
  gate.add_option("--connect", seconds_.connect, "curl's --connect-timeout (5)")
      ->check(time)
      ->group(kGroup);
  gate.add_option("--total", seconds_.total, "curl's --max-time (10; invocation 90)")
      ->check(time)
      ->group(kGroup);
  gate.add_option("--exec-timeout", seconds_.exec, "Of the exec command (15; invocation 95)")
      ->check(time)
      ->group(kGroup);
  gate.add_option("--bridge-connect", seconds_.bridge_connect, "nc's -w, rounded up (5)")
      ->check(time)
      ->group(kGroup);
  gate.add_option("--bridge-timeout", seconds_.bridge_run, "Of the bridge command (15)")
      ->check(time)
      ->group(kGroup);
  gate.add_option("--bridge-attempts", limits.bridge_attempts, "Over a host gateway (10)")
      ->check(count)
      ->group(kGroup);
  gate.add_option("--bridge-gap", seconds_.bridge_gap, "Between them (1)")
      ->check(gap)
      ->group(kGroup);
}

void GateOptions::set_limits(readiness::GateLimits& limits) const {
  const readiness::GateLimits usual =
      readiness::default_limits(readiness::rule_named(rule_).value_or(Rule::strict));
  const int attempts = limits.attempts;
  const int bridge_attempts = limits.bridge_attempts;
  limits = usual;
  limits.attempts = attempts;
  limits.bridge_attempts = bridge_attempts;
  set(limits.gap, seconds_.gap);
  set(limits.connect, seconds_.connect);
  set(limits.total, seconds_.total);
  set(limits.exec, seconds_.exec);
  set(limits.bridge_connect, seconds_.bridge_connect);
  set(limits.bridge_run, seconds_.bridge_run);
  set(limits.bridge_gap, seconds_.bridge_gap);
}

std::string GateOptions::misuse(const Request& request) const {
  if (request.sandbox.empty() && request.exec_command.empty())
    return "one of --sandbox and --exec-command is needed: the probe must run where the agent runs";
  if (request.rule != Rule::observed && request.sandbox.empty() && flags_.agent_netns.empty())
    return fmt::format(
        "--rule {} needs --sandbox or --agent-netns: a proof must know where it was "
        "made",
        rule_);
  if (!request.endpoint.empty() && !is_address(request.endpoint))
    return "--endpoint: an address that begins with http:// or https://, without blanks and {}[]";
  if (!is_host(request.bridge_host)) return "--bridge-host: a name or an address";
  if (request.expect.empty()) return "--expect: what every answer says proves nothing";
  return {};
}

std::string GateOptions::flags(GateFlags& into) const {
  into = flags_;
  Request& request = into.request;
  request.rule = readiness::rule_named(rule_).value_or(Rule::strict);
  request.setup.gpu = gpu_ == "yes";
  request.setup.auto_fix = auto_fix_ == "yes";
  request.setup.host_gateway = bridge_route_ == "host-gateway";
  const bool completes = request.rule == Rule::invocation;
  request.endpoint =
      has_endpoint_ ? endpoint_ : std::string(completes ? kCompletionEndpoint : kListEndpoint);
  set_limits(request.limits);
  std::string wrong = cut("--exec-command", exec_command_, request.exec_command);
  if (wrong.empty()) wrong = cut("--bridge-command", bridge_command_, request.bridge_command);
  return wrong.empty() ? misuse(request) : wrong;
}

}  // namespace sallyport::supervisor
