// What a scenario's cell may ask of a supervisor beyond being a proxy with a policy. A subject's
// description says which of them it lacks; cells that need one are skipped. Pure.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::sim::subject {

enum class Ability {
  audit,            // tells what it decides and works by as OCSF events
  reload_policy,    // takes a new policy while it runs, from files
  reload_routes,    // takes a new inference route while it runs, from files
  gateway,          // gets its configuration from the gateway by polling
  inference,        // serves https://inference.local by its route
  middleware,       // calls services of openshell.middleware.v1
  credentials,      // hands out placeholders and replaces them by keys on the way
  forward,          // takes absolute-form requests, not only CONNECT
  inspection,       // judges requests by method and path, not only destinations
  websocket,        // passes WebSocket handshakes and frames on
  given_namespace,  // serves an agent whose namespace the harness has made
  own_namespace,    // makes the agent's namespace itself and reports a process in it
  upstream_proxy,   // reaches the outside through a CONNECT proxy
  limits,           // takes the limits of docs/limits.md by name
  args,             // takes the command-line arguments of the reference
  rlimits,          // can be started with fewer descriptors
  store_file,       // its gateway outlives its process
  identity,         // tells by the process behind a connection which program asks
  gate,             // has a readiness gate, a program of its own
};

using Abilities = std::set<Ability>;

[[nodiscard]] std::string_view to_string(Ability ability);
// All words, in the order above.
[[nodiscard]] std::span<const std::string_view> ability_words();
// `audit, limits`; in the order above.
[[nodiscard]] std::string to_string(const Abilities& abilities);

}  // namespace sallyport::sim::subject
