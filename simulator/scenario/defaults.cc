#include "simulator/scenario/defaults.h"

#include <fmt/format.h>

#include <set>

#include "reference/net/address.h"
#include "simulator/scenario/edit.h"

namespace sallyport::sim::scenario {
namespace {

NodePtr host_defaults(const std::string& name, const NodePtr& host) {
  Edit edit(host);
  if (edit.has("shares")) return edit.take();  // all else is the other's
  if (name == "agent") edit.add("inside", "box");
  edit.add("by", "harness");
  edit.add_list("addresses");
  edit.add("loopback", "up");
  edit.add("ipv6", "disabled");
  edit.add("forward", "false");
  if (!varies(edit.is_map() ? edit.at("inside") : nullptr)) {
    edit.add("resolver", edit.has("inside") ? "none" : "world");
  }
  edit.add_map("routes");
  edit.add_map("hosts_file");
  return edit.take();
}

NodePtr rule_defaults(const std::string&, const NodePtr& rule) {
  Edit edit(rule);
  edit.add("direction", "input");
  return edit.take();
}

NodePtr hosts_defaults(const NodePtr& hosts) {
  if (!hosts->is_map()) return hosts;
  NodePtr out = make_map(*hosts);
  for (const char* name : {"box", "agent"}) {
    const NodePtr own = hosts->at(name);
    out = with(*out, name, own ? own : make_map(*hosts));
  }
  out = merge(out, hosts);
  return for_entries(out, host_defaults);
}

NodePtr sse_defaults(const NodePtr& sse) {
  Edit edit(sse);
  edit.add("events", "8");
  edit.add("first_after", "0ms");
  edit.add("every", "0ms");
  edit.add("terminal", "true");
  const auto cut = [](const NodePtr& node) {
    Edit inner(node);
    inner.add("offset", "0B");
    return inner.take();
  };
  edit.each("cut", cut);
  return edit.take();
}

NodePtr answer_defaults(const NodePtr& answer) {
  if (answer->is_list()) return for_items(answer, answer_defaults);
  Edit edit(answer);
  if (!edit.is_map()) return answer;
  edit.add("status", "200");
  edit.add_map("headers");
  if (!edit.has("raw") && !edit.has("websocket")) {
    edit.add("framing", edit.has("sse") ? "chunked" : "length");
    edit.add("encoding", "identity");
  }
  edit.add("delay", "0ms");
  edit.each("sse", sse_defaults);
  return edit.take();
}

bool local(const net::IpAddress& address) {
  return address.is_loopback() || address.is_unspecified();
}

std::string default_name(const std::string& provider) {
  std::string name = provider + ".test";
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return name;
}

// What the control plane calls the provider of a dialect.
void record_defaults(Edit& edit, const std::string& name) {
  const NodePtr dialect = edit.at("dialect");
  edit.add_map("record");
  edit.each("record", [&](const NodePtr& node) {
    Edit inner(node);
    if (!varies(dialect)) inner.add("type", dialect->is_word("anthropic") ? "anthropic" : "openai");
    inner.add("base_url", fmt::format("$({}.url)/v1", name));
    return inner.take();
  });
}

NodePtr provider_defaults(const std::string& name, const NodePtr& provider,
                          const std::string& listen) {
  Edit edit(provider);
  if (!edit.is_map()) return provider;
  edit.add("host", "box");
  edit.add("initially", "up");
  if (!listen.empty()) edit.add("listen", listen);
  edit.add("tls", "none");
  edit.add("dialect", "openai");
  const NodePtr at = edit.at("listen");
  const auto endpoint = at && at->is_scalar() ? net::Endpoint::parse(at->text) : std::nullopt;
  if (endpoint) {
    const bool named = !local(endpoint->address);
    edit.add("names", named ? make_list(edit.self(), {make_scalar(edit.self(), default_name(name))})
                            : make_list(edit.self()));
  }
  edit.add("models", make_list(edit.self(), {make_scalar(edit.self(), "m1")}));
  edit.add_list("keys");
  record_defaults(edit, name);
  edit.add("credential", "none");
  edit.add_map("routes");
  const auto fill_routes = [](const NodePtr& routes) {
    return for_entries(
        routes, [](const std::string&, const NodePtr& answer) { return answer_defaults(answer); });
  };
  edit.each("routes", fill_routes);
  edit.add_map("sse");
  edit.each("sse", sse_defaults);
  return edit.take();
}

// Providers without `listen` get the n-th of the addresses that exist only in the world.
NodePtr providers_defaults(const NodePtr& providers) {
  if (!providers->is_map()) return providers;
  bool known = true;  // whether each such port is known: it hangs on `tls`
  for (const Entry& entry : providers->entries) {
    const bool asks = entry.value->is_map() && entry.value->find("listen") == nullptr;
    if (asks && varies(entry.value->at("tls"))) known = false;
  }
  int number = 0;
  return for_entries(providers, [&](const std::string& name, const NodePtr& provider) {
    std::string listen;
    if (known && provider->is_map() && provider->find("listen") == nullptr) {
      const Node* tls = provider->find("tls");
      const bool plain = tls == nullptr || tls->is_word("none");
      listen = fmt::format("20.0.0.{}:{}", ++number, plain ? 80 : 443);
    }
    return provider_defaults(name, provider, listen);
  });
}

NodePtr decoy_defaults(const std::string&, const NodePtr& decoy) {
  if (decoy->is_list()) return decoy;
  NodePtr map = decoy;
  if (decoy->is_scalar()) map = with(*make_map(*decoy), "listen", decoy);
  Edit edit(map);
  edit.add("host", "box");
  return edit.take();
}

// N of 10.200.N.0: inner hosts in the order of the hosts, from 0.
int inner_number(const Node& hosts, const std::string& name) {
  int number = 0;
  for (const Entry& entry : hosts.entries) {
    if (entry.key == name) return number;
    if (entry.value->is_map() && entry.value->find("inside") != nullptr) ++number;
  }
  return -1;
}

NodePtr reaction_defaults(const NodePtr& reaction) {
  Edit edit(reaction);
  edit.add("call", "evaluate");
  edit.add("decision", "allow");
  edit.add("delay", "0ms");
  const auto fill_finding = [](const NodePtr& finding) {
    Edit inner(finding);
    inner.add("severity", "medium");
    inner.add("count", "1");
    return inner.take();
  };
  edit.each("findings", [&](const NodePtr& findings) { return for_items(findings, fill_finding); });
  return edit.take();
}

NodePtr service_defaults(const std::string&, const NodePtr& service) {
  Edit edit(service);
  if (!edit.is_map()) return service;
  edit.add("host", "box");
  edit.add("listen", "127.0.0.1:0");
  edit.add("initially", "up");
  edit.add("registered", "true");
  edit.add("timeout", "500ms");
  edit.add("max_payload", "64KiB");
  if (edit.has("command")) {
    edit.add_map("environment");
    return edit.take();
  }
  edit.add_map("describe");
  const NodePtr payload = edit.at("max_payload");
  const auto fill_describe = [&](const NodePtr& describe) {
    Edit inner(describe);
    if (!inner.has("bindings"))
      inner.add("operations", make_list(*describe, {make_scalar(*describe, "http_request")}));
    inner.add("max_payload", payload);
    return inner.take();
  };
  edit.each("describe", [&](const NodePtr& describe) {
    return describe->is_list() ? for_items(describe, fill_describe) : fill_describe(describe);
  });
  edit.add("validate", "ok");
  edit.add_list("script");
  edit.each("script", [](const NodePtr& script) { return for_items(script, reaction_defaults); });
  return edit.take();
}

NodePtr gateway_defaults(const NodePtr& gateway) {
  Edit edit(gateway);
  edit.add("host", "box");
  edit.add("listen", "127.0.0.1:0");
  edit.add("initially", "up");
  edit.add("store", "memory");
  edit.add_map("rlimits");
  return edit.take();
}

// What a supervisor's defaults hang on.
struct SupervisorWorld {
  NodePtr hosts, networks, providers;
};

// The address of `host` in a network that it shares with `served`; empty when there is none.
std::string network_address(const Node& networks, const std::string& host,
                            const std::string& served) {
  for (const Entry& entry : networks.entries) {
    const Node* members = entry.value->find("members");
    if (members == nullptr || members->find(served) == nullptr) continue;
    const Node* own = members->find(host);
    if (own != nullptr && own->is_scalar()) return own->text;
  }
  return {};
}

// Where `host` is reached from `served`: by the link to its inner host, else by a network of both.
std::string address_toward(const std::string& host, const std::string& served,
                           const SupervisorWorld& world) {
  const Node* node = world.hosts->find(served);
  const Node* inside = node == nullptr ? nullptr : node->find("inside");
  const bool inner = inside != nullptr;
  const std::string link = fmt::format("10.200.{}.1", inner_number(*world.hosts, served));
  if (inner && inside->is_word(host)) return link;
  const std::string shared = network_address(*world.networks, host, served);
  if (!shared.empty()) return shared;
  return inner ? link : "127.0.0.1";
}

NodePtr supervisor_defaults(const NodePtr& supervisor, const SupervisorWorld& world) {
  Edit edit(supervisor);
  if (!edit.is_map()) return supervisor;
  edit.add("host", "box");
  edit.add("initially", "up");
  edit.add("serves", "agent");
  const NodePtr host = edit.at("host");
  const NodePtr serves = edit.at("serves");
  const bool known = serves->is_scalar() && host->is_scalar() && !varies(serves) && !varies(host) &&
                     world.hosts->find(serves->text) != nullptr;
  if (known) {
    const std::string address = address_toward(host->text, serves->text, world);
    const bool v6 = address.find(':') != std::string::npos;
    edit.add("listen", v6 ? fmt::format("[{}]:3128", address) : address + ":3128");
  }
  edit.add("poll", "50ms");
  edit.add_map("limits");
  edit.add("forward", "shared");
  edit.add_list("args");
  edit.add_map("environment");
  edit.add("upstream_proxy", "none");
  edit.add_map("rlimits");
  edit.each("policy", policy_with_defaults);
  edit.each("inference",
            [&](const NodePtr& route) { return inference_defaults(route, world.providers); });
  return edit.take();
}

void subject_defaults(Edit& edit) {
  const SupervisorWorld world{edit.at("hosts"), edit.at("networks"), edit.at("providers")};
  const auto fill = [&](const NodePtr& node) { return supervisor_defaults(node, world); };
  edit.each("supervisor", fill);
  edit.each("supervisors", [&](const NodePtr& map) {
    return for_entries(map, [&](const std::string&, const NodePtr& node) { return fill(node); });
  });
  edit.each("policy", policy_with_defaults);
  edit.each("inference",
            [&](const NodePtr& route) { return inference_defaults(route, world.providers); });
}

// The hosts that a supervisor serves.
std::set<std::string> served_hosts(const Edit& edit) {
  std::set<std::string> served;
  const auto add = [&](const Node& supervisor) {
    const Node* host = supervisor.find("serves");
    if (host != nullptr && host->is_scalar()) served.insert(host->text);
  };
  if (edit.has("supervisor")) add(*edit.at("supervisor"));
  if (!edit.has("supervisors")) return served;
  for (const Entry& entry : edit.at("supervisors")->entries) add(*entry.value);
  return served;
}

void step_and_claim_defaults(Edit& edit) {
  const NodePtr gateway = edit.at("gateway");
  const StepWorld world{served_hosts(edit), edit.at("providers"), edit.at("middleware"),
                        gateway ? gateway->at("host") : nullptr};
  const auto fill_steps = [&](const NodePtr& steps) {
    return for_entries(
        steps, [&](const std::string&, const NodePtr& step) { return step_defaults(step, world); });
  };
  edit.each("steps", fill_steps);
  edit.each("expect", [](const NodePtr& items) { return for_items(items, expectation_defaults); });
}

}  // namespace

NodePtr with_defaults(const NodePtr& root, const DefaultsInput& input) {
  Edit edit(root);
  if (!edit.is_map()) return root;
  for (const char* key : {"source", "tags", "needs", "expect"}) edit.add_list(key);
  edit.add("known_issue", "none");
  edit.add("timeout", "10s");
  edit.add("seed", fmt::format("{}", input.seed));
  for (const char* key :
       {"hosts", "networks", "dns", "firewall", "providers", "middleware", "decoys", "policy"}) {
    edit.add_map(key);
  }
  if (!edit.has("supervisors")) edit.add_map("supervisor");
  edit.add("gateway", "none");
  edit.add("inference", "none");
  edit.each("hosts", hosts_defaults);
  for (const char* key : {"firewall", "providers", "middleware"}) {
    edit.each(key, [&](const NodePtr& section) { return section_with_defaults(key, section); });
  }
  edit.each("decoys", [](const NodePtr& decoys) { return for_entries(decoys, decoy_defaults); });
  edit.each("gateway", gateway_defaults);
  subject_defaults(edit);
  step_and_claim_defaults(edit);
  return edit.take();
}

NodePtr section_with_defaults(std::string_view key, const NodePtr& section) {
  if (key == "firewall") return for_entries(section, rule_defaults);
  if (key == "providers") return providers_defaults(section);
  if (key == "middleware") return for_entries(section, service_defaults);
  return section;
}

}  // namespace sallyport::sim::scenario
