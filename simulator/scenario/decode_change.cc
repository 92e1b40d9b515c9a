// Steps that change the world's names, packet filters, upstreams and services: what they name is
// merged into what there is at that step, in the order of the file.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"
#include "simulator/scenario/defaults.h"

namespace sallyport::sim::scenario {
namespace {

// A field of an actor that was settled when it was made.
struct Fixed {
  std::string_view key;
  std::string_view why;
};
constexpr std::string_view kListens = "it listens there as long as the world stands";
constexpr std::string_view kStart = "a step starts and stops it";
constexpr std::string_view kKeys = "rotate, revoke and update change which are taken";
constexpr std::array<Fixed, 8> kOfProviders{
    {{"host", kListens},
     {"listen", kListens},
     {"initially", kStart},
     {"tls", "its certificate was made with the world"},
     {"names", "they are in its certificate; what they lead to is changed by a dns step"},
     {"keys", kKeys},
     {"credential", kKeys},
     {"record", "the control plane took it over at the start"}}};
constexpr std::string_view kRegistered = "the supervisor was told when it started";
constexpr std::string_view kServes = "it began to serve with that";
constexpr std::array<Fixed, 12> kOfServices{{{"host", kListens},
                                             {"command", "it is that program"},
                                             {"environment", "it is started with that"},
                                             {"listen", kListens},
                                             {"initially", kStart},
                                             {"registered", kRegistered},
                                             {"timeout", kRegistered},
                                             {"max_payload", kRegistered},
                                             {"tls", "its certificate was made with the world"},
                                             {"trust", kRegistered},
                                             {"goaway", kServes},
                                             {"strict_pings", kServes}}};

// A later map over an earlier one, by key down to the fields of a field: what stands deeper (an
// answer, an entry of a script) is replaced whole.
constexpr int kMergeDepth = 3;
NodePtr merge_fields(const NodePtr& earlier, const NodePtr& later, int depth) {
  if (!earlier || depth == 0 || !earlier->is_map() || !later->is_map()) return later;
  NodePtr out = earlier;
  for (const Entry& entry : later->entries) {
    out = with(*out, entry.key, merge_fields(earlier->at(entry.key), entry.value, depth - 1));
  }
  return out;
}

NodePtr without(const Node& map, std::string_view key) {
  auto out = std::make_shared<Node>(map);
  std::erase_if(out->entries, [&](const Entry& entry) { return entry.key == key; });
  return out;
}

const Entry* entry_of(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

class Change {
 public:
  Change(std::string_view verb, const Node& node, Context& context)
      : verb_(verb), node_(node), context_(context), written_(context.written[std::string(verb)]) {
    if (!node.is_map()) {
      context.complaints.at(node, fmt::format("\"{}\" is a map from name to what changes", verb));
    } else if (node.entries.empty()) {
      context.complaints.at(node, fmt::format("this \"{}\" changes nothing", verb));
    }
    if (!written_) written_ = make_map(node);
  }

  SetDns dns() {
    SetDns set;
    for (const Entry& entry : node_.entries) {
      const std::string name = zone_name(entry.key);
      if (entry.value->is_word("none")) {
        remove(entry, zone_names(), "name");
        set.removed.push_back(name);
      } else {
        set.zone[name] = decode_dns_answer(*entry.value, context_);
      }
    }
    return set;
  }

  SetFirewall firewall() {
    SetFirewall set;
    for (const Entry& entry : node_.entries) {
      if (entry.value->is_word("none")) {
        remove(entry, names_written(), "firewall rule");
        set.removed.push_back(entry.key);
        written_ = without(*written_, entry.key);
      } else {
        put(entry);
        set.rules.push_back(decode_rule(completed(entry.key), context_));
      }
    }
    return set;
  }

  SetProviders providers() {
    SetProviders set;
    for (const Entry& entry : node_.entries) {
      if (entry.value->is_word("none")) {
        take_away(entry, "provider", set.removed);
      } else if (may_change(entry, "provider", kOfProviders)) {
        check_proxy(entry);
        put(entry);
        set.providers.push_back(decode_provider(completed(entry.key), context_));
      }
    }
    return set;
  }

  SetMiddleware middleware() {
    SetMiddleware set;
    for (const Entry& entry : node_.entries) {
      if (entry.value->is_word("none")) {
        take_away(entry, "middleware service", set.removed);
      } else if (may_change(entry, "middleware service", kOfServices)) {
        put(entry);
        set.services.push_back(decode_service(completed(entry.key), context_));
      }
    }
    return set;
  }

 private:
  void put(const Entry& entry) {
    const NodePtr change = with(*make_map(node_), entry.key, entry.value);
    written_ = merge_fields(written_, change, kMergeDepth);
    context_.removed.erase(entry.key);
  }

  // The entry as it now is, with the place of the step that says so and every default.
  Entry completed(const std::string& name) {
    completed_ = section_with_defaults(verb_, written_);
    Entry entry = *entry_of(*completed_, name);
    const Entry& here = *entry_of(node_, name);
    entry.key_mark = here.key_mark;
    entry.key_file = here.key_file;
    return entry;
  }

  [[nodiscard]] std::set<std::string> names_written() const {
    std::set<std::string> names;
    for (const Entry& entry : written_->entries) names.insert(entry.key);
    return names;
  }

  // What the zone knows at this step: the file's, what earlier steps put, the providers' names.
  std::set<std::string> zone_names() {
    std::set<std::string> names;
    for (const auto& [name, answer] : context_.cell.zone) names.insert(name);
    for (const Step& step : context_.cell.steps) {
      const auto* set = std::get_if<SetDns>(&step.verb);
      if (set == nullptr) continue;
      for (const auto& [name, answer] : set->zone) names.insert(name);
      for (const std::string& name : set->removed) names.erase(name);
    }
    return names;
  }

  void remove(const Entry& entry, const std::set<std::string>& known, std::string_view what) {
    const std::string name = verb_ == "dns" ? zone_name(entry.key) : entry.key;
    check_known(*entry.value, name, known, what, context_.complaints);
  }

  void take_away(const Entry& entry, std::string_view what, std::vector<std::string>& removed) {
    remove(entry, names_written(), what);
    if (!context_.removed.insert(entry.key).second) {
      context_.complaints.at_key(
          entry, fmt::format("an earlier step has taken \"{}\" away already", entry.key));
    }
    removed.push_back(entry.key);
  }

  // Actors are made with the world, so a step changes those that the file names, and only what can
  // change while they live.
  template <std::size_t N>
  bool may_change(const Entry& entry, std::string_view what, const std::array<Fixed, N>& fixed) {
    Node where = *entry.value;
    where.mark = entry.key_mark;
    if (!check_known(where, entry.key, names_written(), what, context_.complaints)) return false;
    for (const Fixed& field : fixed) {
      const Entry* const changed = entry_of(*entry.value, field.key);
      if (changed == nullptr) continue;
      context_.complaints.at_key(
          *changed, fmt::format("\"{}\" of a {} can't change while it lives: {}", field.key, what,
                                field.why));
    }
    return true;
  }

  void check_proxy(const Entry& entry) {
    const Node* dialect = entry.value->find("dialect");
    if (dialect == nullptr) return;
    for (const providers::ProviderSpec& provider : context_.cell.providers) {
      const bool was = provider.dialect == providers::Dialect::proxy;
      if (provider.name != entry.key || was == dialect->is_word("proxy")) continue;
      context_.complaints.at(*dialect, "a provider is a proxy from its start, or never");
    }
  }

  std::string_view verb_;
  const Node& node_;
  Context& context_;
  NodePtr& written_;
  NodePtr completed_;  // keeps what `completed` gave alive
};

}  // namespace

void decode_change(std::string_view verb, Reader& reader, Step& step, Context& context) {
  Change change(verb, *reader.get(verb), context);
  if (verb == "dns") step.verb = change.dns();
  if (verb == "firewall") step.verb = change.firewall();
  if (verb == "providers") step.verb = change.providers();
  if (verb == "middleware") step.verb = change.middleware();
}

}  // namespace sallyport::sim::scenario
