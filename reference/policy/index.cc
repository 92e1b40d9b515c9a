#include "reference/policy/index.h"

#include <algorithm>

namespace sallyport::policy {
namespace {

bool matches(const Endpoint& endpoint, std::string_view host, std::uint16_t port) {
  if (!std::binary_search(endpoint.ports.begin(), endpoint.ports.end(), port)) return false;
  return !endpoint.host || endpoint.host->matches(host);
}

}  // namespace

Index::Index(const Policy& policy) {
  for (const auto& [key, rule] : policy.network_policies) {
    const auto number = static_cast<std::uint32_t>(rules_.size());
    rules_.push_back(rule);
    for (std::uint32_t i = 0; i < rule.endpoints.size(); ++i) {
      const Place place{number, i};
      const auto& host = rule.endpoints[i].host;
      const std::string suffix(host ? host->fixed_suffix() : std::string_view());
      if (host && host->is_exact()) {
        exact_[suffix].push_back(place);
      } else if (!suffix.empty()) {
        by_suffix_[suffix].push_back(place);
      } else {
        others_.push_back(place);
      }
    }
  }
}

void Index::collect(const std::vector<Place>& places, std::string_view host, std::uint16_t port,
                    std::vector<Place>& found) const {
  for (const Place& place : places) {
    if (matches(rules_[place.rule].endpoints[place.endpoint], host, port)) found.push_back(place);
  }
}

void Index::look_up(const Table& table, std::string_view key, std::string_view host,
                    std::uint16_t port, std::vector<Place>& found) const {
  const auto at = table.find(key);
  if (at != table.end()) collect(at->second, host, port, found);
}

std::vector<Candidate> Index::find(std::string_view host, std::uint16_t port) const {
  std::vector<Place> found;
  look_up(exact_, host, host, port, found);
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos && !by_suffix_.empty();
       dot = host.find('.', dot + 1)) {
    look_up(by_suffix_, host.substr(dot + 1), host, port, found);
  }
  collect(others_, host, port, found);
  std::sort(found.begin(), found.end());
  std::vector<Candidate> all;
  all.reserve(found.size());
  for (const Place& place : found) {
    const Rule& rule = rules_[place.rule];
    all.push_back({&rule, &rule.endpoints[place.endpoint]});
  }
  return all;
}

void index_rules(Policy& policy) { policy.index = std::make_shared<const Index>(policy); }

std::vector<Candidate> candidates(const Policy& policy, std::string_view host, std::uint16_t port) {
  if (host.empty()) return {};
  if (policy.index != nullptr) return policy.index->find(host, port);
  std::vector<Candidate> all;
  for (const auto& [key, rule] : policy.network_policies) {
    for (const Endpoint& endpoint : rule.endpoints) {
      if (matches(endpoint, host, port)) all.push_back({&rule, &endpoint});
    }
  }
  return all;
}

}  // namespace sallyport::policy
