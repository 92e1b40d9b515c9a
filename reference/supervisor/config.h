// What `sallyport-supervisor serve --config FILE` reads: one YAML file, strict, every mistake with
// its place, all of them at once. Pure but for reading files; nothing is created here. Users'
// reference: docs/supervisor-config.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/base/limits.h"
#include "reference/base/log.h"
#include "reference/base/yaml.h"
#include "reference/egress/egress.h"
#include "reference/middleware/registry.h"
#include "reference/net/address.h"
#include "reference/relay/services.h"
#include "reference/rpc/token_file.h"
#include "reference/supervisor/programs.h"

namespace sallyport::supervisor {

struct ResolverConfig {
  std::vector<net::Endpoint> servers;  // empty: the name servers of /etc/resolv.conf
  std::string hosts_file = "/etc/hosts";
};

// Who says what this supervisor allows, instead of files.
struct GatewayConfig {
  std::string endpoint;  // http://HOST:PORT or https://HOST:PORT
  std::string sandbox;   // the id of the record whose policy this supervisor enforces
  std::string ca_pem;    // trusted for it instead of the system's roots; empty: the system's
  std::shared_ptr<rpc::TokenFile> token;  // sent with each call; null: none
  bool insecure = false;                  // the token goes over http:// beyond loopback too
  base::Duration poll = std::chrono::seconds(5);
  base::Duration timeout = std::chrono::seconds(2);  // of one call
  // How long `run` waits for the gateway before it gives up making a sandbox.
  base::Duration start_wait = std::chrono::seconds(30);
  // How long routes and credentials count while the gateway isn't heard of; none: for ever.
  std::optional<base::Duration> max_stale;
};

struct Config {
  std::string file;                        // as given on the command line
  std::vector<net::Endpoint> listen;       // at least one; port 0 takes any
  std::string policy_file;                 // empty when the policy is inline
  base::yaml::NodePtr policy_inline;       // null when the policy is a file
  std::optional<std::string> routes_file;  // none: inference.local isn't configured
  std::optional<GatewayConfig> gateway;    // then there is neither policy, routes nor middleware
  std::vector<middleware::Registration> middleware;  // services, by unique names
  relay::SandboxIdentity sandbox;                    // what middleware services are told
  ResolverConfig resolver;
  std::optional<std::string> upstream_ca;       // PEM, trusted for upstreams besides the system's
  std::optional<std::string> credentials_file;  // none, or a gateway: no placeholder of ours
  egress::ForwardRule forward = egress::ForwardRule::private_only;
  bool forward_keep_alive = true;
  bool fail_closed = false;  // policy_validation_failure_mode; no: retain_last_valid
  IdentityRule identity = IdentityRule::by_sandbox;
  base::Limits limits;                    // resolver.timeout is limits.resolve
  std::optional<std::string> audit_file;  // JSONL, appended
  std::string ca_output = "/etc/openshell-tls";
  base::LogLevel log_level = base::LogLevel::info;
};

// Relative paths in the file are relative to the file. Reads the config alone: policy and routes
// are Generation's (generations.h), so that they can be read again. Nothing after a complaint.
[[nodiscard]] std::optional<Config> load_config(const std::string& path,
                                                base::Diagnostics& complaints);

// For `run`, whose policy is a file of its own, or a gateway's, and then `policy_file` is empty:
// `path` may be empty with a file, then all is by default. What `run` settles itself may not be
// written: listen, policy. `ca_output` is empty unless it is written.
[[nodiscard]] std::optional<Config> load_run_config(const std::string& path,
                                                    const std::string& policy_file,
                                                    base::Diagnostics& complaints);

// As load_config(), from text; `file` names it in complaints and is what relative paths hang from.
[[nodiscard]] std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                                 base::Diagnostics& complaints);

}  // namespace sallyport::supervisor
