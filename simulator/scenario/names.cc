// Names: their grammar, that all differ, and the variables that are made of them.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array<std::string_view, 4> kActorFields{"url", "host", "address", "port"};
constexpr std::array<std::string_view, 5> kRequestFields{"nonce", "method", "path", "query",
                                                         "body"};

class Names {
 public:
  explicit Names(Context& context) : context_(context) {}

  void add(const Entry& entry, std::string_view what, bool reserved_too = true) {
    Complaints& complaints = context_.complaints;
    if (!is_name(entry.key)) {
      complaints.at_key(entry, fmt::format("\"{}\" can't be {}; a name is [a-z][a-z0-9_]*, at most "
                                           "40 long",
                                           entry.key, what));
    } else if (reserved_too && is_reserved(entry.key)) {
      complaints.at_key(
          entry, fmt::format("\"{}\" can't be {}: it is a word of the language", entry.key, what));
    } else if (const auto [known, is_new] = seen_.emplace(entry.key, what); !is_new) {
      complaints.at_key(entry, fmt::format("\"{}\" is already {}; names of hosts, networks, "
                                           "actors, rules and steps all differ",
                                           entry.key, known->second));
    }
  }

 private:
  Context& context_;
  std::map<std::string, std::string_view> seen_;
};

const std::vector<Entry>& entries_of(const Node& root, std::string_view key) {
  static const std::vector<Entry> kNone;
  const Node* node = root.find(key);
  return node == nullptr ? kNone : node->entries;
}

// Which variables stand in which part of the file.
struct Allowed {
  bool step = false;
  bool request = false;
};

class Variables {
 public:
  explicit Variables(Context& context) : context_(context) {
    for (const auto& [name, type] : context.sources) {
      if (is_actor(type)) actors_.insert(name);
    }
  }

  // A field of a step: the text of a `run` is a shell's, whose own $(...) these are.
  void check_value(const std::string& key, const NodePtr& value, Allowed allowed) {
    if (key != "run" || !value->is_scalar()) check(value.get(), allowed);
  }

  void check(const Node* tree, Allowed allowed) {
    if (tree == nullptr) return;
    const auto use = [&](const std::string& name, const Node& where) {
      check_one(name, where, allowed);
    };
    for_each_variable(*tree, use);
  }

 private:
  void check_one(const std::string& name, const Node& where, Allowed allowed) {
    if (name.starts_with("matrix.") || name == "run.nonce" || name == "run.dir") return;
    if (name == "step.nonce") {
      if (allowed.step) return;
      complain(where, name, "is known only in a step and its expect");
    } else if (name.starts_with("request.")) {
      check_request(name, where, allowed);
    } else if (const auto dot = name.find('.'); actors_.contains(name.substr(0, dot))) {
      check_actor(name, name.substr(0, dot), name.substr(std::min(dot, name.size() - 1) + 1),
                  where);
    } else {
      const std::string first = name.substr(0, dot);
      std::vector<std::string_view> known{"matrix", "run", "step", "request"};
      known.insert(known.end(), actors_.begin(), actors_.end());
      complain(where, name,
               "names nothing" + base::suggestion(first, known) + "; $$( is a literal $(");
    }
  }

  void check_request(const std::string& name, const Node& where, Allowed allowed) {
    const std::string field = name.substr(std::string_view("request.").size());
    if (!allowed.request) {
      complain(where, name, "is known only in a provider's answer");
    } else if (!field.starts_with("header.") &&
               std::find(kRequestFields.begin(), kRequestFields.end(), field) ==
                   kRequestFields.end()) {
      complain(where, name, "names nothing" + base::suggestion(field, kRequestFields));
    }
  }

  void check_actor(const std::string& name, const std::string& actor, const std::string& field,
                   const Node& where) {
    if (field.starts_with("key.")) {
      const std::string key = field.substr(4);
      const auto known = context_.keys.find(actor);
      const std::vector<std::string_view> keys =
          known == context_.keys.end()
              ? std::vector<std::string_view>()
              : std::vector<std::string_view>(known->second.begin(), known->second.end());
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        complain(
            where, name,
            fmt::format("\"{}\" has no key \"{}\"{}", actor, key, base::suggestion(key, keys)));
      }
    } else if (field == "placeholder") {
      if (context_.credentials.contains(actor)) return;
      complain(where, name,
               fmt::format("\"{}\" has no credential; name its variable, as in credential: API_KEY",
                           actor));
    } else if (std::find(kActorFields.begin(), kActorFields.end(), field) == kActorFields.end()) {
      complain(where, name, "names nothing" + base::suggestion(field, kActorFields));
    }
  }

  void complain(const Node& where, const std::string& name, const std::string& why) {
    context_.complaints.at(where, fmt::format("$({}) {}", name, why));
  }

  Context& context_;
  std::set<std::string> actors_;
};

}  // namespace

bool is_actor(SourceType type) {
  switch (type) {
    case SourceType::provider:
    case SourceType::decoy:
    case SourceType::supervisor:
    case SourceType::middleware:
    case SourceType::gateway:
      return true;
    default:
      return false;
  }
}

SourceType type_of_step(const Node& step) {
  if (step.find("request") != nullptr) return SourceType::request;
  if (step.find("websocket") != nullptr) return SourceType::websocket;
  if (step.find("raw") != nullptr) return SourceType::raw;
  if (step.find("run") != nullptr) return SourceType::run;
  if (step.find("gate") != nullptr) return SourceType::gate;
  if (step.find("fault") != nullptr) return SourceType::fault;
  return SourceType::control;
}

namespace {

void collect_provider(const Entry& provider, Context& context) {
  context.sources.emplace(provider.key, SourceType::provider);
  const Node* credential = provider.value->find("credential");
  if (credential != nullptr && !credential->is_word("none")) {
    context.credentials.insert(provider.key);
  }
  const Node* keys = provider.value->find("keys");
  if (keys == nullptr) return;
  for (const NodePtr& key : keys->items) context.keys[provider.key].push_back(key->text);
  if (keys->is_scalar()) context.keys[provider.key].push_back(keys->text);
}

void collect_step(const Entry& step, Names& names, Context& context) {
  names.add(step, "a step");
  context.sources.emplace(step.key, type_of_step(*step.value));
  context.steps.push_back(step.key);
}

// Rules that a step is the first to name.
void collect_rules(const Entry& step, Names& names, Context& context) {
  for (const Entry& rule : entries_of(*step.value, "firewall")) {
    if (rule.value->is_word("none") || context.sources.contains(rule.key)) continue;
    names.add(rule, "a firewall rule");
    context.sources.emplace(rule.key, SourceType::rule);
  }
}

void collect_supervisors(const Node& root, Names& names, Context& context) {
  const Node* many = root.find("supervisors");
  const Node* one = root.find("supervisor");
  if (many == nullptr && (one == nullptr || !one->is_word("none"))) {
    context.sources["supervisor"] = SourceType::supervisor;
  }
  for (const Entry& entry : entries_of(root, "supervisors")) {
    // `supervisor` itself may be the name of one of several.
    if (entry.key != "supervisor") names.add(entry, "a supervisor");
    context.sources[entry.key] = SourceType::supervisor;
  }
}

}  // namespace

void collect_names(const Node& root, Context& context) {
  Names names(context);
  context.hosts = {"box", "agent"};
  for (const Entry& host : entries_of(root, "hosts")) {
    names.add(host, "a host");
    context.hosts.insert(host.key);
  }
  for (const Entry& network : entries_of(root, "networks")) names.add(network, "a network");
  for (const Entry& provider : entries_of(root, "providers")) {
    names.add(provider, "a provider");
    collect_provider(provider, context);
  }
  for (const Entry& decoy : entries_of(root, "decoys")) {
    names.add(decoy, "a decoy");
    context.sources.emplace(decoy.key, SourceType::decoy);
  }
  for (const Entry& service : entries_of(root, "middleware")) {
    names.add(service, "a middleware service");
    context.sources.emplace(service.key, SourceType::middleware);
    if (service.value->find("command") != nullptr) context.foreign.insert(service.key);
  }
  for (const Entry& rule : entries_of(root, "firewall")) {
    names.add(rule, "a firewall rule");
    context.sources.emplace(rule.key, SourceType::rule);
  }
  collect_supervisors(root, names, context);
  for (const Entry& step : entries_of(root, "steps")) collect_step(step, names, context);
  for (const Entry& step : entries_of(root, "steps")) collect_rules(step, names, context);
  context.sources["dns"] = SourceType::dns;
  const Node* gateway = root.find("gateway");
  if (gateway != nullptr && !gateway->is_word("none")) {
    context.sources["gateway"] = SourceType::gateway;
  }
}

bool check_known(const Node& where, const std::string& name, const std::set<std::string>& known,
                 std::string_view what, Complaints& complaints) {
  if (known.contains(name) || name.find("$(") != std::string::npos) return true;
  const std::vector<std::string_view> words(known.begin(), known.end());
  complaints.at(where,
                fmt::format("there is no {} \"{}\"{}", what, name, base::suggestion(name, words)));
  return false;
}

void check_variables(const Node& root, Context& context) {
  Variables variables(context);
  constexpr Allowed kNothing;
  constexpr Allowed kStep{.step = true};
  constexpr Allowed kRequest{.request = true};
  for (const char* key :
       {"hosts", "networks", "dns", "firewall", "decoys", "middleware", "gateway", "supervisor",
        "supervisors", "policy", "inference", "expect", "known_issue", "timeout", "seed"}) {
    variables.check(root.find(key), kNothing);
  }
  const auto check_answers = [&](const Node& provider, Allowed others) {
    for (const Entry& field : provider.entries) {
      const bool answers = field.key == "routes" || field.key == "sse";
      variables.check(field.value.get(), answers ? kRequest : others);
    }
  };
  for (const Entry& step : entries_of(root, "steps")) {
    for (const Entry& field : step.value->entries) {
      if (field.key != "providers") {
        variables.check_value(field.key, field.value, kStep);
        continue;
      }
      for (const Entry& provider : field.value->entries) check_answers(*provider.value, kNothing);
    }
  }
  for (const Entry& provider : entries_of(root, "providers")) {
    check_answers(*provider.value, kNothing);
  }
}

}  // namespace sallyport::sim::scenario
