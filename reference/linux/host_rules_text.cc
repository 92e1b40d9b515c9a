#include "reference/linux/host_rules_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace sallyport::linux {
namespace {

using Hook = HostRule::Hook;
using Verdict = HostRule::Verdict;

constexpr Hook kHooks[] = {Hook::input, Hook::output, Hook::forward};

const char* name_of(Hook hook) {
  switch (hook) {
    case Hook::input:
      return "input";
    case Hook::output:
      return "output";
    case Hook::forward:
      return "forward";
  }
  return "input";
}

struct Family {
  bool v4;
  const char* header;   // as its fields are called
  int number;           // as `meta nfproto` lists it
  const char* type;     // of its addresses
  const char* set_tag;  // in names of sets
};
constexpr Family kFamilies[] = {{true, "ip", 2, "ipv4_addr", "4"},
                                {false, "ip6", 10, "ipv6_addr", "6"}};

// Of one family, as one match each: a network, or all single addresses as a set; an empty match is
// everything of the family.
std::vector<std::string> matches(const std::vector<net::Cidr>& networks, const Family& family,
                                 const char* field) {
  std::vector<std::string> all;
  std::vector<std::string> single;
  for (const net::Cidr& network : networks) {
    if (network.network().is_v4() != family.v4) continue;
    if (network.prefix() == (family.v4 ? 32 : 128)) {
      single.push_back(network.network().to_string());
    } else if (network.prefix() == 0) {
      all.emplace_back();
    } else {
      all.push_back(fmt::format("{} {} {}", family.header, field, network.to_string()));
    }
  }
  std::sort(single.begin(), single.end());
  single.erase(std::unique(single.begin(), single.end()), single.end());
  if (single.size() == 1)
    all.push_back(fmt::format("{} {} {}", family.header, field, single.front()));
  if (single.size() > 1) {
    all.push_back(fmt::format("{} {} {{ {} }}", family.header, field, fmt::join(single, ", ")));
  }
  return all;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += ' ';
    text += part;
  }
  return text;
}

// The matches of a rule, each a line of its own, in the words in which they are listed.
std::vector<std::string> conditions(const HostRule& rule) {
  const std::string port = rule.port == 0
                               ? std::string()
                               : fmt::format("meta l4proto {{ 6, 17 }} th dport {}", rule.port);
  if (!rule.from && !rule.to) return {port};
  const std::vector<std::string> any{std::string()};
  std::vector<std::string> all;
  for (const Family& family : kFamilies) {
    const auto from = rule.from ? matches(*rule.from, family, "saddr") : any;
    const auto to = rule.to ? matches(*rule.to, family, "daddr") : any;
    for (const std::string& sender : from) {
      for (const std::string& receiver : to) {
        const bool named = !sender.empty() || !receiver.empty();
        const std::string family_only =
            named ? std::string() : fmt::format("meta nfproto {}", family.number);
        all.push_back(joined({family_only, sender, receiver, port}));
      }
    }
  }
  return all;
}

// In the words in which they are listed.
std::vector<std::string> verdicts(Verdict verdict) {
  switch (verdict) {
    case Verdict::accept:
      return {"accept"};
    case Verdict::drop:
      return {"drop"};
    case Verdict::reject:
      return {"reject"};
    case Verdict::reset:
      return {"meta l4proto 6 reject with tcp reset", "reject"};
    case Verdict::prohibit:
      return {"reject with icmpx 3"};
  }
  return {"drop"};
}

std::string chain_of(const HostRule& rule) { return "rule_" + rule.name; }
std::string set_of(const HostRule& rule, const Family& family) {
  return fmt::format("seen{}_{}", family.set_tag, rule.name);
}

// A line that is compared when it is read back.
struct Line {
  std::string chain;
  std::string text;
  friend bool operator==(const Line&, const Line&) = default;
};

std::vector<Line> lines_of(const std::vector<HostRule>& rules, std::optional<Hook> hook) {
  std::vector<Line> lines;
  for (const HostRule& rule : rules) {
    if (hook && rule.hook != *hook) continue;
    for (const std::string& condition : conditions(rule)) {
      const std::string jump = fmt::format("jump {} comment \"{}\"", chain_of(rule), rule.name);
      lines.push_back({name_of(rule.hook), joined({condition, jump})});
    }
  }
  return lines;
}

std::vector<Line> verdict_lines(const HostRule& rule) {
  std::vector<Line> lines;
  for (const std::string& verdict : verdicts(rule.verdict))
    lines.push_back({chain_of(rule), fmt::format("{} comment \"{}\"", verdict, rule.name)});
  return lines;
}

// Tells each SYN, and of what is open the first packet; of other protocols every packet.
std::string log_lines(const HostRule& rule, std::uint16_t group) {
  const std::string log =
      fmt::format("log prefix \"{}\" group {} snaplen 128 queue-threshold 1", rule.name, group);
  std::string text;
  for (const Family& family : kFamilies) {
    const std::string flow =
        fmt::format("{0} saddr . tcp sport . {0} daddr . tcp dport", family.header);
    const std::string set = set_of(rule, family);
    text += fmt::format("    tcp flags & (syn | ack) == syn add @{} {{ {} }} {}\n", set, flow, log);
    text += fmt::format("    tcp flags & (syn | ack) != syn {1} != @{0} add @{0} {{ {1} }} {2}\n",
                        set, flow, log);
  }
  return text + "    meta l4proto != 6 " + log + "\n";
}

std::string chain_text(const HostRule& rule, std::uint16_t group) {
  std::string text;
  for (const Family& family : kFamilies) {
    text += fmt::format(
        "  set {0} {{ type {1} . inet_service . {1} . inet_service; size 65535; flags dynamic; "
        "}}\n",
        set_of(rule, family), family.type);
  }
  text += "  chain " + chain_of(rule) + " {\n" + log_lines(rule, group);
  for (const Line& line : verdict_lines(rule)) text += "    " + line.text + "\n";
  return text + "  }\n";
}

// Before the rules of faults (0), after who only looks (-10): a firewall stands before a listener.
std::string hook_text(Hook hook, const std::vector<Line>& lines) {
  std::string text = fmt::format(
      "  chain {0} {{\n    type filter hook {0} priority -5; policy accept;\n", name_of(hook));
  if (hook != Hook::forward) {
    text += fmt::format("    {} lo accept\n", hook == Hook::input ? "iif" : "oif");
    // Neighbour discovery and the like, which are to IPv6 what ARP is to IPv4.
    text += "    icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 143 } accept\n";
  }
  for (const Line& line : lines) text += "    " + line.text + "\n";
  return text + "  }\n";
}

bool uses(const std::vector<HostRule>& rules, Hook hook) {
  return std::any_of(rules.begin(), rules.end(),
                     [hook](const HostRule& rule) { return rule.hook == hook; });
}

const HostRule* find(const std::vector<HostRule>& rules, const std::string& name) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&name](const HostRule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

// One way to say what has several: in the order of a set, and in words that may be left out.
std::string normal(std::string text) {
  for (std::size_t open = text.find("{ "); open != std::string::npos;
       open = text.find("{ ", open + 1)) {
    const std::size_t close = text.find(" }", open);
    if (close == std::string::npos) break;
    std::istringstream inside(text.substr(open + 2, close - open - 2));
    std::vector<std::string> elements;
    for (std::string element; inside >> element;) {
      if (element.ends_with(',')) element.pop_back();
      elements.push_back(element);
    }
    std::sort(elements.begin(), elements.end());
    text.replace(open + 2, close - open - 2, fmt::format("{}", fmt::join(elements, ", ")));
  }
  const std::pair<std::string_view, std::string_view> synonyms[] = {
      {"reject with icmpx port-unreachable", "reject"},
      {"reject with icmpx 1", "reject"},
      {"icmpx admin-prohibited", "icmpx 3"},
      {"meta l4proto tcp", "meta l4proto 6"},
      {"nfproto ipv4", "nfproto 2"},
      {"nfproto ipv6", "nfproto 10"},
  };
  for (const auto& [other, usual] : synonyms) {
    const std::size_t at = text.find(other);
    if (at != std::string::npos) text.replace(at, other.size(), usual);
  }
  return text;
}

// All rules with a comment, by chain.
std::map<std::string, std::vector<std::string>> listed(const std::string& listing) {
  std::map<std::string, std::vector<std::string>> chains;
  std::istringstream all(listing);
  std::string chain;
  for (std::string text; std::getline(all, text);) {
    text.erase(0, text.find_first_not_of(" \t"));
    if (text.starts_with("chain ")) {
      chain = text.substr(6, text.find(' ', 6) - 6);
    } else if (text.find(" comment \"") != std::string::npos) {
      chains[chain].push_back(normal(std::move(text)));
    }
  }
  return chains;
}

}  // namespace

std::string replace_rules(const std::vector<HostRule>& before, const std::vector<HostRule>& rules,
                          std::uint16_t group) {
  std::string text = fmt::format("add table inet {0}\nflush table inet {0}\n", kRulesTable);
  for (const HostRule& old : before) {
    const HostRule* const now = find(rules, old.name);
    if (now != nullptr && *now == old) continue;
    if (now == nullptr)
      text += fmt::format("delete chain inet {} {}\n", kRulesTable, chain_of(old));
    for (const Family& family : kFamilies) {
      const char* const verb = now == nullptr ? "delete" : "flush";
      text += fmt::format("{} set inet {} {}\n", verb, kRulesTable, set_of(old, family));
    }
  }
  text += fmt::format("table inet {} {{\n", kRulesTable);
  for (const HostRule& rule : rules) text += chain_text(rule, group);
  for (const Hook hook : kHooks) {
    if (uses(rules, hook)) text += hook_text(hook, lines_of(rules, hook));
  }
  return text + "}\n";
}

bool lists_rules(const std::string& listing, const std::vector<HostRule>& rules) {
  std::map<std::string, std::vector<std::string>> wanted;
  for (const Line& line : lines_of(rules, std::nullopt))
    wanted[line.chain].push_back(normal(line.text));
  for (const HostRule& rule : rules) {
    for (const Line& line : verdict_lines(rule)) wanted[line.chain].push_back(normal(line.text));
  }
  if (listed(listing) != wanted) return false;
  return std::all_of(std::begin(kHooks), std::end(kHooks), [&](Hook hook) {
    const std::string hooked = fmt::format("hook {} priority -5; policy accept;", name_of(hook));
    return !uses(rules, hook) || listing.find(hooked) != std::string::npos;
  });
}

}  // namespace sallyport::linux
