#include "reference/gateway/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::gateway {
namespace {

using rpc::Code;

rpc::Status no_provider(Code code, std::string_view name) {
  return refusal(code,
                 fmt::format("provider '{}' was not found in workspace '{}'", name, kWorkspace));
}

// `route 'inference.local', sandbox 'a'`; empty when nobody uses it.
std::string users_of(const State& state, std::string_view provider) {
  std::string users;
  const auto add = [&users](std::string_view kind, std::string_view name) {
    users += fmt::format("{}{} '{}'", users.empty() ? "" : ", ", kind, name);
  };
  for (const auto& [name, route] : state.routes) {
    if (route.provider == provider) add("route", name);
  }
  for (const auto& [id, sandbox] : state.sandboxes) {
    const auto& attached = sandbox.providers;
    if (std::find(attached.begin(), attached.end(), provider) != attached.end()) {
      add("sandbox", sandbox.name);
    }
  }
  return users;
}

}  // namespace

State Store::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

Answer<Provider> Store::create_provider(Provider record) {
  if (auto wrong = fault(record)) return refusal(Code::invalid_argument, *wrong);
  const std::scoped_lock lock(mutex_);
  if (state_.providers.contains(record.name)) {
    return refusal(Code::already_exists, fmt::format("provider '{}' already exists", record.name));
  }
  record.version = 1;
  state_.providers.emplace(record.name, record);
  return record;
}

Answer<Provider> Store::update_provider(const ProviderChange& change) {
  const std::scoped_lock lock(mutex_);
  const auto found = state_.providers.find(change.name);
  if (found == state_.providers.end()) return no_provider(Code::not_found, change.name);
  Answer<Provider> next = merged(found->second, change);
  if (next) found->second = *next;
  return next;
}

Answer<bool> Store::delete_provider(std::string_view name, bool force) {
  const std::scoped_lock lock(mutex_);
  const auto found = state_.providers.find(name);
  if (found == state_.providers.end()) return false;
  if (!force) {
    if (const std::string users = users_of(state_, name); !users.empty()) {
      return refusal(Code::failed_precondition,
                     fmt::format("provider '{}' is in use by {}", name, users));
    }
  }
  for (auto& [id, sandbox] : state_.sandboxes) {
    if (std::erase(sandbox.providers, name) > 0) ++sandbox.version;
  }
  state_.providers.erase(found);
  return true;
}

Answer<Route> Store::set_route(const std::string& name, Route route) {
  const std::scoped_lock lock(mutex_);
  if (!state_.providers.contains(route.provider)) {
    return no_provider(Code::failed_precondition, route.provider);
  }
  const auto found = state_.routes.find(name);
  route.version = found == state_.routes.end() ? 1 : found->second.version + 1;
  state_.routes.insert_or_assign(name, route);
  return route;
}

bool Store::delete_route(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = state_.routes.find(name);
  if (found == state_.routes.end()) return false;
  state_.routes.erase(found);
  return true;
}

Answer<Sandbox*> Store::sandbox_at(std::string_view name, std::uint64_t version) {
  const Sandbox* const found = state_.find_sandbox(name);
  if (found == nullptr) {
    return refusal(Code::not_found, fmt::format("sandbox '{}' was not found", name));
  }
  if (version != 0 && version != found->version) {
    return refusal(Code::aborted, fmt::format("sandbox '{}' has changed: it is version {}, not {}",
                                              name, found->version, version));
  }
  return &state_.sandboxes.find(found->id)->second;
}

Answer<bool> Store::attach(std::string_view sandbox, const std::string& provider,
                           std::uint64_t expected_version) {
  const std::scoped_lock lock(mutex_);
  const Answer<Sandbox*> found = sandbox_at(sandbox, expected_version);
  if (!found) return found.error();
  if (!state_.providers.contains(provider)) {
    return no_provider(Code::failed_precondition, provider);
  }
  auto& attached = (*found)->providers;
  if (std::find(attached.begin(), attached.end(), provider) != attached.end()) return false;
  attached.push_back(provider);
  ++(*found)->version;
  return true;
}

Answer<bool> Store::detach(std::string_view sandbox, std::string_view provider,
                           std::uint64_t expected_version) {
  const std::scoped_lock lock(mutex_);
  const Answer<Sandbox*> found = sandbox_at(sandbox, expected_version);
  if (!found) return found.error();
  if (std::erase((*found)->providers, provider) == 0) return false;
  ++(*found)->version;
  return true;
}

Answer<PolicyRecord> Store::set_policy(std::string_view sandbox, PolicyRecord admitted,
                                       std::uint64_t expected_version) {
  const std::scoped_lock lock(mutex_);
  std::optional<PolicyRecord>* place = &state_.policy;
  Sandbox* owner = nullptr;
  if (!sandbox.empty()) {
    const Answer<Sandbox*> found = sandbox_at(sandbox, expected_version);
    if (!found) return found.error();
    owner = *found;
    place = &owner->policy;
  }
  if (*place && (*place)->hash == admitted.hash) return **place;
  admitted.version = *place ? (*place)->version + 1 : 1;
  *place = admitted;
  if (owner != nullptr) ++owner->version;
  return admitted;
}

void Store::set_registrations(std::vector<Registration> registrations) {
  std::sort(registrations.begin(), registrations.end(),
            [](const Registration& a, const Registration& b) { return a.name < b.name; });
  const std::scoped_lock lock(mutex_);
  state_.registrations = std::move(registrations);
}

}  // namespace sallyport::gateway
