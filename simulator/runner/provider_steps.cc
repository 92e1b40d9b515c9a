#include "simulator/runner/provider_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {
namespace {

agents::Facts of_class(const char* name, std::string detail = {}) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

// The values of its keys; those that are new are minted.
std::map<std::string, std::string> keys_of(Stage& stage, const providers::ProviderSpec& spec) {
  std::map<std::string, std::string> keys;
  for (const std::string& key : spec.keys) {
    const std::string name = fmt::format("{}.key.{}", spec.name, key);
    if (!stage.variables.contains(name)) {
      stage.variables[name] = fmt::format("sk-canary-{}", stage.random.hex(16));
      stage.canaries.push_back({spec.name, key, stage.variables[name]});
    }
    keys[key] = stage.variables[name];
  }
  return keys;
}

std::string in_zone(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.ends_with('.')) name.pop_back();
  return name;
}

// Whether the zone has the name because a provider at `address` has it, and `dns` doesn't say
// otherwise.
bool is_its_own(const Stage& stage, const std::string& name, const net::IpAddress& address) {
  const auto written = stage.cell.zone.find(name);
  if (written == stage.cell.zone.end()) return true;
  const topology::DnsAnswer& answer = written->second;
  return answer.kind == topology::DnsAnswer::Kind::addresses && answer.addresses.size() == 1 &&
         answer.addresses.front() == address;
}

void change_names(Stage& stage, const std::vector<std::string>& before,
                  const std::vector<std::string>& now, const net::IpAddress& address) {
  topology::Zone added;
  std::vector<std::string> removed;
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : before) {
    if (!has(now, name) && is_its_own(stage, in_zone(name), address)) {
      removed.push_back(in_zone(name));
    }
  }
  for (const std::string& name : now) {
    if (has(before, name) || !is_its_own(stage, in_zone(name), address)) continue;
    topology::DnsAnswer answer;
    answer.addresses.push_back(address);
    added[in_zone(name)] = std::move(answer);
  }
  if (!added.empty() || !removed.empty()) stage.name_server->change(added, removed);
}

// What $(ACTOR.url) and $(ACTOR.host) say from now on.
void name_actor(Stage& stage, const providers::ProviderSpec& spec, std::uint16_t port) {
  stage.variables[spec.name + ".url"] = url_of(spec, port);
  stage.variables[spec.name + ".host"] =
      spec.names.empty() ? own_address(spec.listen).to_string() : spec.names.front();
}

void remove(Stage& stage, const std::string& name) {
  providers::Provider& provider = *stage.providers.at(name);
  stage.removed_providers.insert(name);
  stop_light(stage, name);
  change_names(stage, provider.spec().names, {}, provider.spec().listen.address);
}

std::optional<std::string> put(Stage& stage, const providers::ProviderSpec& spec) {
  providers::Provider& provider = *stage.providers.at(spec.name);
  const bool was_removed = stage.removed_providers.erase(spec.name) > 0;
  const std::vector<std::string> before =
      was_removed ? std::vector<std::string>() : provider.spec().names;
  provider.apply(spec, keys_of(stage, spec));
  name_actor(stage, spec, provider.endpoint().port);
  change_names(stage, before, spec.names, spec.listen.address);
  return was_removed ? start_light(stage, spec.name) : std::nullopt;
}

}  // namespace

agents::Facts set_providers(Stage& stage, const scenario::SetProviders& change) {
  for (const std::string& name : change.removed) {
    if (!stage.removed_providers.contains(name)) remove(stage, name);
  }
  for (const providers::ProviderSpec& spec : change.providers) {
    if (const auto trouble = put(stage, spec)) return of_class("rejected", *trouble);
  }
  return of_class("ok");
}

}  // namespace sallyport::sim::runner
