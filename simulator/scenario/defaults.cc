#include "simulator/scenario/defaults.h"

#include <fmt/format.h>

#include "reference/net/address.h"
#include "simulator/scenario/edit.h"

namespace sallyport::sim::scenario {
namespace {

NodePtr host_defaults(const std::string& name, const NodePtr& host) {
  Edit edit(host);
  if (name == "agent") edit.add("inside", "box");
  edit.add("by", "harness");
  edit.add_list("addresses");
  edit.add("loopback", "up");
  edit.add("ipv6", "disabled");
  edit.add("forward", "false");
  if (!varies(edit.is_map() ? edit.at("inside") : nullptr)) {
    edit.add("resolver", edit.has("inside") ? "none" : "world");
  }
  edit.add_map("hosts_file");
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
  if (!edit.has("raw")) edit.add("framing", edit.has("sse") ? "chunked" : "length");
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
  NodePtr record = make_map(edit.self());
  edit.add("record", record);
  const auto fill_record = [&](const NodePtr& node) {
    Edit inner(node);
    inner.add("type", "openai");
    inner.add("base_url", fmt::format("$({}.url)/v1", name));
    return inner.take();
  };
  edit.each("record", fill_record);
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
  edit.add_map("describe");
  const NodePtr payload = edit.at("max_payload");
  const auto fill_describe = [&](const NodePtr& describe) {
    Edit inner(describe);
    inner.add("operations", make_list(*describe, {make_scalar(*describe, "http_request")}));
    inner.add("max_payload", payload);
    return inner.take();
  };
  edit.each("describe", fill_describe);
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
  return edit.take();
}

NodePtr supervisor_defaults(const NodePtr& supervisor, const Node& hosts) {
  Edit edit(supervisor);
  if (!edit.is_map()) return supervisor;
  edit.add("host", "box");
  edit.add("initially", "up");
  edit.add("serves", "agent");
  const NodePtr serves = edit.at("serves");
  const Node* served = serves->is_scalar() ? hosts.find(serves->text) : nullptr;
  if (served != nullptr && served->is_map()) {
    const bool inner = served->find("inside") != nullptr;
    const int number = inner_number(hosts, serves->text);
    edit.add("listen", inner ? fmt::format("10.200.{}.1:3128", number) : "127.0.0.1:3128");
  }
  edit.add("poll", "50ms");
  edit.add_map("limits");
  edit.add("forward", "shared");
  edit.add_list("args");
  edit.add_map("environment");
  return edit.take();
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
       {"hosts", "dns", "providers", "middleware", "decoys", "supervisor", "policy"}) {
    edit.add_map(key);
  }
  edit.add("gateway", "none");
  edit.add("inference", "none");
  edit.each("hosts", hosts_defaults);
  edit.each("providers", providers_defaults);
  edit.each("decoys", [](const NodePtr& decoys) { return for_entries(decoys, decoy_defaults); });
  const auto fill_services = [](const NodePtr& map) { return for_entries(map, service_defaults); };
  edit.each("middleware", fill_services);
  edit.each("gateway", gateway_defaults);
  const NodePtr hosts = edit.at("hosts");
  edit.each("supervisor", [&](const NodePtr& node) { return supervisor_defaults(node, *hosts); });
  const NodePtr supervisor = edit.at("supervisor");
  const NodePtr serves = supervisor->is_map() ? supervisor->at("serves") : nullptr;
  const std::string served = serves && serves->is_scalar() ? serves->text : "";
  edit.each("policy", policy_with_defaults);
  const StepWorld world{served, edit.at("providers"), edit.at("middleware")};
  const auto fill_route = [&](const NodePtr& node) {
    return inference_defaults(node, world.providers);
  };
  edit.each("inference", fill_route);
  const auto fill_steps = [&](const NodePtr& steps) {
    return for_entries(
        steps, [&](const std::string&, const NodePtr& step) { return step_defaults(step, world); });
  };
  edit.each("steps", fill_steps);
  edit.each("expect", [](const NodePtr& items) { return for_items(items, expectation_defaults); });
  return edit.take();
}

}  // namespace sallyport::sim::scenario
