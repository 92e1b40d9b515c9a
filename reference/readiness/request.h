// What the gate is asked: the conditions, the limits, the commands. Values without I/O; a request
// is made once, from a command line, and never changes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::readiness {

using Words = std::vector<std::string>;  // of a command: no shell reads them
using ms = std::chrono::milliseconds;

// What counts as an answer.
enum class Rule {
  observed,    // the field's: HTTP_2xx anywhere in the output, whatever else went wrong
  strict,      // the output is one whole line, everything ended well, in the agent's own namespace
  invocation,  // the same, and a real completion holds the expected text
};
[[nodiscard]] std::string_view name(Rule rule);
[[nodiscard]] std::optional<Rule> rule_named(std::string_view text);

// The conditions under which the gate has something to say. Texts that aren't known count as
// "something else".
struct Setup {
  bool gpu = true;
  std::string platform = "linux";
  std::string driver = "docker";
  std::string route = "compatibility";
  std::string network = "preserve";  // as it was asked for; blanks and case don't matter
  bool auto_fix = false;             // the firewall may be opened
  std::string subnet;                // the bridge's, IPv4 CIDR
  std::string gateway;               // the machine's address on the bridge
  std::int64_t port = 8080;
  bool host_gateway = false;  // the bridge reaches the machine through a virtual machine's gateway
};

// docs/readiness.md says what happens at each. The times of the probe are the field's.
struct GateLimits {
  int attempts = 3;
  ms gap{2'000};      // between attempts
  ms connect{5'000};  // of the probe's curl
  ms total{10'000};   // of the probe's curl
  ms exec{15'000};    // of the command that runs the probe
  ms bridge_connect{5'000};
  ms bridge_run{15'000};
  int bridge_attempts = 10;  // over a host gateway; the native bridge gets one
  ms bridge_gap{1'000};
  ms command{10'000};  // of one command of the firewall fix; ours: the field waits for ever
};
// What a rule takes where nothing is said: a completion needs longer.
[[nodiscard]] GateLimits default_limits(Rule rule);

struct Request {
  std::string kind;  // of the provider
  Rule rule = Rule::observed;
  std::string sandbox;   // its name; empty: not known
  std::string endpoint;  // empty: there is none
  std::string model = "default";
  std::string expect = "PONG";
  Setup setup;
  GateLimits limits;
  std::optional<std::uint64_t> agent_netns;  // inode
  Words agent_query;                         // tells agent_netns where that is absent; may be empty
  Words exec_command;                        // `sh -c SCRIPT` is put after it
  Words bridge_command;                      // the same; empty: docker and busybox
  std::string bridge_host = "host.openshell.internal";
};

}  // namespace sallyport::readiness
