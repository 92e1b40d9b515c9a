// Defaults of steps, of claims, and of what a step may replace: policy and route.

#include <algorithm>

#include "reference/base/scalars.h"
#include "simulator/scenario/defaults.h"
#include "simulator/scenario/edit.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {
namespace {

void tls_defaults(Edit& edit) {
  edit.add_map("tls");
  edit.each("tls", [](const NodePtr& tls) {
    Edit inner(tls);
    inner.add("verify", "true");
    return inner.take();
  });
}

// What every exchange has.
void exchange_defaults(Edit& edit) {
  edit.add("via", "auto");
  edit.add("adapter", "auto");
  tls_defaults(edit);
  edit.add("repeat", "1");
  edit.add("connections", "1");
}

void request_defaults(Edit& edit) {
  const bool body = edit.has("body") || edit.has("json") || edit.has("size");
  edit.add("method", body ? "POST" : "GET");
  edit.add_map("headers");
  edit.add("framing", "length");
  edit.add("expect_continue", "false");
}

void websocket_defaults(Edit& edit) {
  edit.add_map("headers");
  edit.add_list("subprotocols");
  edit.add("deflate", "false");
}

void run_defaults(Edit& edit, const StepWorld& world) {
  const NodePtr environment = edit.at("environment");
  const bool operates = environment && environment->is_word("operator");
  if (operates && world.gateway_host) edit.add("from", world.gateway_host);
  if (!varies(environment)) edit.add("from", "agent");
  const NodePtr from = edit.at("from");
  if (from && !varies(from)) {
    const bool served = from->is_scalar() && world.served.contains(from->text);
    edit.add("environment", served ? "agent" : "none");
  }
  edit.add_list("unset");
  edit.add("cwd", ".");
  edit.add("stdin", make_scalar(edit.self(), "", true));
  edit.add("confine", "none");
  edit.add_map("tools");
}

void gate_defaults(Edit& edit) {
  edit.add("from", "agent");
  edit.add("rule", "observed");
  edit.add("exec", "real");
  edit.add_map("setup");
  edit.each("setup", [](const NodePtr& setup) {
    Edit inner(setup);
    inner.add("gpu", "true");
    inner.add("platform", "linux");
    inner.add("driver", "docker");
    inner.add("route", "compatibility");
    inner.add("network", "preserve");
    inner.add("auto_fix", "false");
    return inner.take();
  });
  edit.add_map("limits");
  edit.each("limits", [](const NodePtr& limits) {
    Edit inner(limits);
    inner.add("attempts", "3");
    inner.add("gap", "0ms");
    inner.add("connect", "200ms");
    inner.add("total", "400ms");
    inner.add("exec", "1s");
    return inner.take();
  });
  edit.add("environment", "agent");
  edit.add_list("unset");
  edit.add_map("tools");
}

// A service that is slow is later than its caller waits.
std::string slow_delay(const Edit& step, const StepWorld& world) {
  const NodePtr target = step.at("target");
  const NodePtr service = target && target->is_scalar() && world.middleware
                              ? world.middleware->at(target->text)
                              : nullptr;
  const NodePtr timeout = service ? service->at("timeout") : nullptr;
  if (varies(target) || varies(timeout)) return {};
  const auto time =
      timeout && timeout->is_scalar() ? base::parse_duration(timeout->text) : std::nullopt;
  return time ? base::format_duration(2 * *time) : "1s";
}

void fault_defaults(Edit& edit, const StepWorld& world) {
  const Node& kind = *edit.at("fault");
  if (kind.is_word("reset")) edit.add("offset", "0B");
  if (kind.is_word("idle_cut") || kind.is_word("impaired")) edit.add("how", "reset");
  if (!kind.is_word("slow")) return;
  const std::string delay = slow_delay(edit, world);
  if (!delay.empty()) edit.add("delay", delay);
}

void control_defaults(Edit& edit, const StepWorld& world) {
  edit.each("policy", policy_with_defaults);
  const auto fill_route = [&](const NodePtr& route) {
    return inference_defaults(route, world.providers);
  };
  edit.each("inference", fill_route);
  if (edit.has("delete")) edit.add("force", "false");
  if (edit.has("inference") && world.gateway_host) edit.add("verify", "false");
  if (edit.has("fault")) fault_defaults(edit, world);
  if (edit.has("stop") || edit.has("restart")) edit.add("signal", "TERM");
  edit.add("expect", with(*make_map(edit.self()), "class", make_scalar(edit.self(), "ok")));
}

bool has_verb(const Edit& edit) {
  const auto known = verbs();
  return std::any_of(known.begin(), known.end(),
                     [&](std::string_view verb) { return edit.has(verb); });
}

NodePtr witness_defaults(const NodePtr& witness) {
  NodePtr map = witness;
  if (witness->is_scalar()) map = with(*make_map(*witness), "event", witness);
  Edit edit(map);
  edit.add("at_least", "1");
  return edit.take();
}

}  // namespace

NodePtr inference_defaults(const NodePtr& inference, const NodePtr& providers) {
  Edit edit(inference);
  const NodePtr name = edit.is_map() ? edit.at("provider") : nullptr;
  if (!name || !name->is_scalar() || !providers) return inference;
  const NodePtr provider = providers->at(name->text);
  const NodePtr models = provider ? provider->at("models") : nullptr;
  if (!models || models->is_map() || varies(models)) return inference;
  if (models->is_scalar()) edit.add("model", models);
  if (!models->items.empty()) edit.add("model", models->items.front());
  return edit.take();
}

NodePtr step_defaults(const NodePtr& step, const StepWorld& world) {
  Edit edit(step);
  if (!edit.is_map() || !has_verb(edit)) return step;
  edit.add("background", "false");
  if (!edit.has("pause") && !edit.has("gate")) edit.add("timeout", "2s");
  const bool exchange = edit.has("request") || edit.has("websocket") || edit.has("raw");
  if (!exchange && !edit.has("run") && !edit.has("gate")) {
    control_defaults(edit, world);
    return edit.take();
  }
  if (edit.has("request")) request_defaults(edit);
  if (edit.has("websocket")) websocket_defaults(edit);
  if (edit.has("run")) run_defaults(edit, world);
  if (edit.has("gate")) gate_defaults(edit);
  if (exchange) edit.add("from", "agent");
  if (exchange) exchange_defaults(edit);
  edit.add_map("expect");
  return edit.take();
}

NodePtr expectation_defaults(const NodePtr& item) {
  Edit edit(item);
  if (!edit.is_map()) return item;
  if (edit.has("always")) edit.add("at_least", "1");
  const NodePtr checker = edit.at("checker");
  if (checker && checker->is_word("resources_flat")) {
    edit.add("rss", "1MiB");
    edit.add("fds", "0");
  }
  edit.each("witness", witness_defaults);
  return edit.take();
}

NodePtr policy_with_defaults(const NodePtr& policy) {
  Edit edit(policy);
  edit.add("version", "1");
  const auto fill = [](const NodePtr& rules) {
    return for_entries(rules, [](const std::string&, const NodePtr& rule) {
      Edit inner(rule);
      NodePtr any = make_map(*rule);
      any = with(*any, "path", make_scalar(*rule, "/**", true));
      inner.add("binaries", make_list(*rule, {any}));
      return inner.take();
    });
  };
  edit.add_map("network_policies");
  edit.each("network_policies", fill);
  return edit.take();
}

}  // namespace sallyport::sim::scenario
