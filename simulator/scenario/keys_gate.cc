// The tables of a `gate` step: what the gate is told, and what its probes come to.
#include <array>

#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 3> kRules{"observed", "strict", "invocation"};
constexpr std::array<std::string_view, 2> kEnvironments{"agent", "none"};
constexpr std::array<std::string_view, 1> kReal{"real"};
constexpr std::array<std::string_view, 2> kResults{"not_run", "timed_out"};

}  // namespace

std::vector<Key> shapes::gate_keys() {
  return {needed("gate", text(), "Asks the readiness gate about a provider of that kind",
                 "a kind, `ollama-local` ..."),
          key("rule", word(kRules), "`observed`", "What counts as an answer"),
          key("exec", either({word(kReal), list(either({word(kResults), map(gate_result)}), 1)}),
              "`real`",
              "What the command that runs the probe comes to. `real`: the probe runs in `from`. A "
              "list: one a call, then the last again, and nothing runs",
              "`real`, or list of `not_run`, `timed_out` or `{stdout, stderr, exit}`"),
          key("setup", map(gate_setup), "each its own", "What the gate is told of the sandbox",
              "a map, below"),
          key("limits", map(gate_limits), "each its own", "Its bounds", "a map, below"),
          key("environment", either({word(kEnvironments), pairs()}), "`agent`",
              "The probe's, wherever it runs: what the supervisor hands its workload. A map is "
              "added to that",
              "`agent`, `none`, or map from name to text"),
          key("unset", texts(), "`[]`", "Names to take out again", "list of names"),
          key("tools", maps(none_or(either({map(tool), list(map(tool), 1)}))),
              "`docker` tries what the real one would, `sudo` and `ufw` aren't found",
              "Fakes for the gate and for its probe, found before the real ones; as of a `run`",
              "map from name to `{exit, stdout, stderr}`, or `none`")};
}

const Keys& gate_setup() {
  static const Keys kKeys{
      "gate_setup",
      "a gate's setup",
      {key("gpu", boolean(), "`true`", "Whether the sandbox has a GPU"),
       key("platform", text(), "`linux`", "The machine's"),
       key("driver", text(), "`docker`", "The gateway's"),
       key("route", text(), "`compatibility`", "How the GPU came into the sandbox"),
       key("network", text(), "`preserve`", "What was asked for; `host` is the machine's network"),
       key("auto_fix", boolean(), "`false`", "Whether the firewall may be opened"),
       key("subnet", text(), "that of the agent's link", "The bridge's, for the firewall")}};
  return kKeys;
}

const Keys& gate_limits() {
  static const Keys kKeys{
      "gate_limits",
      "a gate's limits",
      {key("attempts", integer(1), "3", "So many probes"),
       key("gap", duration(), "`0ms`", "Between two of them"),
       key("connect", duration(), "`200ms`", "Of the probe, and of `docker`'s try"),
       key("total", duration(), "`400ms`", "Of the probe"),
       key("exec", duration(), "`1s`", "Of the command that runs it, which is ended then")}};
  return kKeys;
}

const Keys& gate_result() {
  static const Keys kKeys{"gate_result",
                          "a result of exec",
                          {key("exit", integer(), "0", "Its exit code"),
                           key("stdout", text(), "nothing", "What it prints"),
                           key("stderr", text(), "nothing", "What it complains")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
