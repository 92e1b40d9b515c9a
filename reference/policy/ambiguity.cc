#include "reference/policy/ambiguity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "reference/policy/engine.h"
#include "reference/policy/overlap.h"

namespace sallyport::policy {
namespace {

constexpr std::string_view kPrefix = "network endpoint ambiguity validation failed: ";

struct Named {
  const Rule* rule = nullptr;
  std::size_t number = 0;
  const Endpoint* endpoint = nullptr;
};

std::vector<std::uint16_t> common_ports(const Endpoint& one, const Endpoint& two) {
  std::vector<std::uint16_t> ports;
  std::set_intersection(one.ports.begin(), one.ports.end(), two.ports.begin(), two.ports.end(),
                        std::back_inserter(ports));
  return ports;
}

bool hosts_overlap(const Endpoint& one, const Endpoint& two) {
  return !one.host || !two.host || one.host->overlaps(*two.host);
}

// `P/**` is for P too.
std::vector<std::string_view> forms(std::string_view scope) {
  if (scope == "**" || scope == "/**") return {"*"};
  if (scope.ends_with("/**")) return {scope, scope.substr(0, scope.size() - 3)};
  return {scope};
}

bool scopes_overlap(const Endpoint& one, const Endpoint& two) {
  if (!one.path || !two.path) return true;
  constexpr std::string_view kBeyond = "[{\\";  // not looked into: taken to overlap
  for (const PathScope* const scope : {&*one.path, &*two.path}) {
    if (scope->text().find_first_of(kBeyond) != std::string::npos) return true;
  }
  for (const std::string_view left : forms(one.path->text())) {
    for (const std::string_view right : forms(two.path->text())) {
      if (stars_overlap(left, right)) return true;
    }
  }
  return false;
}

std::size_t specificity(const Endpoint& endpoint) {
  return endpoint.path ? endpoint.path->specificity() : 0;
}

// It says more than who may connect.
bool configures(const Endpoint& endpoint) {
  return judges_requests(endpoint) || !endpoint.allowed_ips.empty() ||
         endpoint.tls == TlsMode::skip || !endpoint.credential_provider.empty();
}

std::string nets_of(const Endpoint& endpoint) {
  std::set<std::string> nets;
  for (const net::Cidr& net : endpoint.allowed_ips) nets.insert(net.to_string());
  return fmt::format("[{}]", fmt::join(nets, ", "));
}

std::string_view name(Protocol protocol) {
  switch (protocol) {
    case Protocol::rest:
      return "rest";
    case Protocol::websocket:
      return "websocket";
    case Protocol::unset:
      break;
  }
  return "unset";
}

class Conflicts {
 public:
  template <class Value>
  void compare(std::string_view field, const Value& one, const Value& two) {
    if (one != two) all_.push_back(fmt::format("{}={} vs {}", field, one, two));
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

Conflicts conflicts_of(const Endpoint& one, const Endpoint& two) {
  Conflicts found;
  const auto tls = [](const Endpoint& endpoint) {
    return endpoint.tls == TlsMode::skip ? "skip" : "auto";
  };
  const auto enforcement = [](const Endpoint& endpoint) {
    return endpoint.enforcement == Enforcement::enforce ? "enforce" : "audit";
  };
  found.compare("tls", std::string_view(tls(one)), std::string_view(tls(two)));
  found.compare("allowed_ips", nets_of(one), nets_of(two));
  if (!configures(one) || !configures(two) || specificity(one) != specificity(two) ||
      !scopes_overlap(one, two)) {
    return found;
  }
  found.compare("protocol", name(one.protocol), name(two.protocol));
  found.compare("enforcement", std::string_view(enforcement(one)),
                std::string_view(enforcement(two)));
  found.compare("allow_encoded_slash", one.allow_encoded_slash, two.allow_encoded_slash);
  found.compare("credential_binding.provider", one.credential_provider, two.credential_provider);
  return found;
}

std::string where(const Named& one) {
  const Endpoint& endpoint = *one.endpoint;
  return fmt::format("'{}' endpoint[{}] ({}:{}{})", one.rule->name, one.number,
                     endpoint.host ? endpoint.host->text() : "<any-host>",
                     fmt::join(endpoint.ports, ","), endpoint.path ? endpoint.path->text() : "");
}

}  // namespace

std::vector<std::string> ambiguities(const Policy& policy) {
  std::vector<Named> all;
  for (const auto& [key, rule] : policy.network_policies) {
    for (std::size_t i = 0; i < rule.endpoints.size(); ++i) {
      all.push_back({&rule, i, &rule.endpoints[i]});
    }
  }
  std::vector<std::string> found;
  for (auto one = all.begin(); one != all.end(); ++one) {
    for (auto two = std::next(one); two != all.end(); ++two) {
      if (!hosts_overlap(*one->endpoint, *two->endpoint)) continue;
      const auto ports = common_ports(*one->endpoint, *two->endpoint);
      if (ports.empty()) continue;
      const Conflicts conflicts = conflicts_of(*one->endpoint, *two->endpoint);
      if (conflicts.all().empty()) continue;
      found.push_back(fmt::format("{}{} and {} overlap on port(s) {} and disagree: {}", kPrefix,
                                  where(*one), where(*two), fmt::join(ports, ","),
                                  fmt::join(conflicts.all(), "; ")));
      if (found.size() == kAmbiguitiesMax) return found;
    }
  }
  return found;
}

}  // namespace sallyport::policy
