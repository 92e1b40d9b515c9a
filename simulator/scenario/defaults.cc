#include "simulator/scenario/defaults.h"

#include <fmt/format.h>

#include "reference/net/address.h"

namespace sallyport::sim::scenario {
namespace {

bool varies(const NodePtr& node) {
  return node && node->is_scalar() && node->text.find("$(matrix.") != std::string::npos;
}

// A map that is being completed.
class Edit {
 public:
  explicit Edit(NodePtr node) : node_(std::move(node)) {}
  [[nodiscard]] bool is_map() const { return node_->is_map(); }
  [[nodiscard]] bool has(std::string_view key) const { return node_->find(key) != nullptr; }
  [[nodiscard]] NodePtr at(std::string_view key) const { return node_->at(key); }
  [[nodiscard]] const Node& self() const { return *node_; }

  void add(const std::string& key, NodePtr value) {
    if (is_map() && !has(key)) node_ = with(*node_, key, std::move(value));
  }
  void add(const std::string& key, std::string text) {
    add(key, make_scalar(*node_, std::move(text)));
  }
  void add_list(const std::string& key) { add(key, make_list(*node_)); }
  void add_map(const std::string& key) { add(key, make_map(*node_)); }
  void set(const std::string& key, NodePtr value) { node_ = with(*node_, key, std::move(value)); }
  // Replaces the value of `key`, if there is one.
  template <class Complete>
  void each(const std::string& key, Complete complete) {
    if (is_map() && has(key)) set(key, complete(at(key)));
  }
  [[nodiscard]] NodePtr take() { return node_; }

 private:
  NodePtr node_;
};

// Every value of a map completed by `complete(key, value)`.
template <class Complete>
NodePtr for_entries(const NodePtr& map, Complete complete) {
  if (!map->is_map()) return map;
  auto out = std::make_shared<Node>(*map);
  for (Entry& entry : out->entries) entry.value = complete(entry.key, entry.value);
  return out;
}

template <class Complete>
NodePtr for_items(const NodePtr& list, Complete complete) {
  if (!list->is_list()) return list;
  auto out = std::make_shared<Node>(*list);
  for (NodePtr& item : out->items) item = complete(item);
  return out;
}

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
  edit.add_map("limits");
  edit.add("forward", "shared");
  edit.add_list("args");
  edit.add_map("environment");
  return edit.take();
}

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

void request_defaults(Edit& edit) {
  const bool body = edit.has("body") || edit.has("json") || edit.has("size");
  edit.add("method", body ? "POST" : "GET");
  edit.add_map("headers");
  edit.add("framing", "length");
  edit.add("expect_continue", "false");
  edit.add("adapter", "auto");
  edit.add_map("tls");
  const auto verify = [](const NodePtr& tls) {
    Edit inner(tls);
    inner.add("verify", "true");
    return inner.take();
  };
  edit.each("tls", verify);
  edit.add("repeat", "1");
}

void run_defaults(Edit& edit, const std::string& served) {
  const NodePtr from = edit.at("from");
  if (from && !varies(from)) {
    edit.add("environment", from->is_scalar() && from->text == served ? "agent" : "none");
  }
  edit.add_list("unset");
  edit.add("cwd", ".");
  edit.add("stdin", make_scalar(edit.self(), "", true));
  edit.add("confine", "none");
  edit.add_map("tools");
}

NodePtr step_defaults(const NodePtr& step, const std::string& served) {
  Edit edit(step);
  if (!edit.is_map()) return step;
  edit.add("background", "false");
  if (edit.has("pause")) {
    edit.add("expect", with(*make_map(edit.self()), "class", make_scalar(edit.self(), "ok")));
    return edit.take();
  }
  edit.add("timeout", "2s");
  edit.add("from", "agent");
  if (edit.has("request")) edit.add("via", "auto");
  if (edit.has("request")) request_defaults(edit);
  if (edit.has("run")) run_defaults(edit, served);
  edit.add_map("expect");
  return edit.take();
}

NodePtr witness_defaults(const NodePtr& witness) {
  NodePtr map = witness;
  if (witness->is_scalar()) map = with(*make_map(*witness), "event", witness);
  Edit edit(map);
  edit.add("at_least", "1");
  return edit.take();
}

NodePtr expectation_defaults(const NodePtr& item) {
  Edit edit(item);
  if (!edit.is_map()) return item;
  if (edit.has("always")) edit.add("at_least", "1");
  edit.each("witness", witness_defaults);
  return edit.take();
}

}  // namespace

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

NodePtr with_defaults(const NodePtr& root, const DefaultsInput& input) {
  Edit edit(root);
  if (!edit.is_map()) return root;
  for (const char* key : {"source", "tags", "needs", "expect"}) edit.add_list(key);
  edit.add("known_issue", "none");
  edit.add("timeout", "10s");
  edit.add("seed", fmt::format("{}", input.seed));
  for (const char* key : {"hosts", "dns", "providers", "decoys", "supervisor", "policy"}) {
    edit.add_map(key);
  }
  edit.add("inference", "none");
  edit.each("hosts", hosts_defaults);
  edit.each("providers", providers_defaults);
  edit.each("decoys", [](const NodePtr& decoys) { return for_entries(decoys, decoy_defaults); });
  const NodePtr hosts = edit.at("hosts");
  edit.each("supervisor", [&](const NodePtr& node) { return supervisor_defaults(node, *hosts); });
  const NodePtr supervisor = edit.at("supervisor");
  const NodePtr serves = supervisor->is_map() ? supervisor->at("serves") : nullptr;
  const std::string served = serves && serves->is_scalar() ? serves->text : "";
  edit.each("policy", policy_with_defaults);
  const NodePtr providers = edit.at("providers");
  edit.each("inference", [&](const NodePtr& node) { return inference_defaults(node, providers); });
  const auto fill_steps = [&](const NodePtr& steps) {
    return for_entries(steps, [&](const std::string&, const NodePtr& step) {
      return step_defaults(step, served);
    });
  };
  edit.each("steps", fill_steps);
  edit.each("expect", [](const NodePtr& items) { return for_items(items, expectation_defaults); });
  return edit.take();
}

}  // namespace sallyport::sim::scenario
