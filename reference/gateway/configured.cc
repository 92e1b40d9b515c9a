#include "reference/gateway/configured.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::gateway {
namespace {

// Which records the configuration says something new of.
class News {
 public:
  News(const Seeds& before, const Seeds& now) : before_(before), now_(now) {}

  [[nodiscard]] bool has(std::string_view kind, std::string_view key) const {
    const std::string at = fmt::format("{}/{}", kind, key);
    const auto now = now_.find(at);
    if (now == now_.end()) return false;
    const auto before = before_.find(at);
    return before == before_.end() || before->second != now->second;
  }
  [[nodiscard]] bool any() const {
    for (const auto& [at, fingerprint] : now_) {
      const auto before = before_.find(at);
      if (before == before_.end() || before->second != fingerprint) return true;
    }
    return false;
  }

 private:
  const Seeds& before_;
  const Seeds& now_;
};

void apply(const Provider& said, State& state) {
  const auto [place, made] = state.providers.try_emplace(said.name, said);
  if (made) return;
  Provider next = said;
  next.id = place->second.id;
  next.created_at_ms = place->second.created_at_ms;
  next.version = place->second.version + 1;
  place->second = std::move(next);
}

void apply(const std::string& name, const Route& said, State& state) {
  const auto [place, made] = state.routes.try_emplace(name, said);
  if (made) return;
  const std::uint64_t version = place->second.version + 1;
  place->second = said;
  place->second.version = version;
}

void apply(const std::optional<PolicyRecord>& said, std::optional<PolicyRecord>& policy) {
  if (said && policy && said->hash == policy->hash) return;
  const std::uint32_t version = policy ? policy->version + 1 : 1;
  policy = said;
  if (policy) policy->version = version;
}

void apply(const Sandbox& said, State& state) {
  const auto [place, made] = state.sandboxes.try_emplace(said.id, said);
  Sandbox& kept = place->second;
  if (!made) {
    kept.name = said.name;
    apply(said.policy, kept.policy);
    kept.providers = said.providers;
    ++kept.version;
  }
  // One that a call has deleted isn't attached again by its name.
  std::erase_if(kept.providers,
                [&state](const std::string& name) { return !state.providers.contains(name); });
}

bool is_taken(const State& state, const Sandbox& said, std::string_view name) {
  const Sandbox* const other = state.find_sandbox(name);
  return other != nullptr && other->id != said.id;
}

}  // namespace

std::optional<Kept> with_configuration(Kept kept, const State& configured, std::string& wrong) {
  const Seeds seeds = seeds_of(configured);
  const News news(kept.seeds, seeds);
  if (!news.any()) return kept;
  State& state = kept.state;
  for (const auto& [name, provider] : configured.providers) {
    if (news.has("provider", name)) apply(provider, state);
  }
  for (const auto& [name, route] : configured.routes) {
    if (news.has("route", name)) apply(name, route, state);
  }
  if (news.has("registrations", {})) state.registrations = configured.registrations;
  if (news.has("policy", {})) apply(configured.policy, state.policy);
  for (const auto& [id, sandbox] : configured.sandboxes) {
    if (!news.has("sandbox", id)) continue;
    if (is_taken(state, sandbox, sandbox.name) || is_taken(state, sandbox, sandbox.id)) {
      wrong = fmt::format("sandbox '{}' of the configuration: another one has this name or id", id);
      return std::nullopt;
    }
    apply(sandbox, state);
  }
  for (const auto& [at, fingerprint] : seeds) kept.seeds.insert_or_assign(at, fingerprint);
  state.start = configured.start;
  return kept;
}

}  // namespace sallyport::gateway
