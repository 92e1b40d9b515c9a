#include "reference/gateway/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference/gateway/configured.h"
#include "reference/gateway/live_policy.h"
#include "reference/gateway/state_file.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

rpc::Status no_provider(Code code, std::string_view name) {
  return refusal(code,
                 fmt::format("provider '{}' was not found in workspace '{}'", name, kWorkspace));
}

rpc::Status no_sandbox(std::string_view name) {
  return refusal(Code::not_found, fmt::format("sandbox '{}' was not found", name));
}

rpc::Status too_many(std::string_view what, std::size_t most) {
  return refusal(Code::resource_exhausted, fmt::format("there are {} {}: no more", most, what));
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

// To be changed; of the version that is expected, 0 being any.
Answer<Sandbox*> sandbox_at(State& state, std::string_view name, std::uint64_t version) {
  const Sandbox* const found = state.find_sandbox(name);
  if (found == nullptr) return no_sandbox(name);
  if (version != 0 && version != found->version) {
    return refusal(Code::aborted, fmt::format("sandbox '{}' has changed: it is version {}, not {}",
                                              name, found->version, version));
  }
  return &state.sandboxes.find(found->id)->second;
}

// The sandbox with this id, to be changed, if the policy with this hash is in force for it.
Answer<Sandbox*> sandbox_under(State& state, std::string_view id, std::string_view hash) {
  const auto found = state.sandboxes.find(id);
  if (found == state.sandboxes.end()) return no_sandbox(id);
  const PolicyRecord* const policy = state.in_force(found->second);
  if (policy == nullptr || policy->hash != hash) {
    return refusal(Code::aborted,
                   fmt::format("the policy of sandbox '{}' has changed meanwhile", id));
  }
  return &found->second;
}

}  // namespace

Store::Store(State initial) : state_(std::make_shared<const State>(std::move(initial))) {}

Store::Store(State kept, std::unique_ptr<StateFile> file)
    : state_(std::make_shared<const State>(std::move(kept))), file_(std::move(file)) {}

Store::~Store() = default;

std::unique_ptr<Store> Store::open(const std::string& path, State initial, std::string& wrong) {
  if (path.empty()) return std::make_unique<Store>(std::move(initial));
  auto file = StateFile::open(path, wrong);
  if (file == nullptr) return nullptr;
  std::vector<Row> rows;
  if (!file->read(rows, wrong)) return nullptr;
  Kept kept;
  for (const Row& row : rows) {
    if (read_row(row, kept)) continue;
    wrong = fmt::format("{}: the record {} '{}' is damaged", path, row.at.kind, row.at.key);
    return nullptr;
  }
  auto merged = with_configuration(kept, initial, wrong);
  if (!merged) {
    wrong = fmt::format("{}: {}", path, wrong);
    return nullptr;
  }
  RowChanges news = changes(kept.state, merged->state);
  add_changes(kept.seeds, merged->seeds, news);
  if (!news.empty()) {
    if (const rpc::Status status = file->write(news); !status.ok()) {
      wrong = fmt::format("{}: {}", path, status.message);
      return nullptr;
    }
  }
  return std::unique_ptr<Store>(new Store(std::move(merged->state), std::move(file)));
}

std::shared_ptr<const State> Store::current() const {
  const std::scoped_lock lock(reading_);
  return state_;
}

rpc::Status Store::commit(State next) {
  auto made = std::make_shared<const State>(std::move(next));
  if (file_) {
    const RowChanges news = changes(*state_, *made);
    if (rpc::Status status = file_->write(news); !status.ok()) return status;
  }
  const std::scoped_lock lock(reading_);
  state_ = std::move(made);
  return {};
}

Answer<Provider> Store::create_provider(Provider record) {
  if (auto wrong = fault(record)) return refusal(Code::invalid_argument, *wrong);
  const std::scoped_lock lock(writing_);
  if (state_->providers.contains(record.name)) {
    return refusal(Code::already_exists, fmt::format("provider '{}' already exists", record.name));
  }
  if (state_->providers.size() >= kProvidersMax) return too_many("providers", kProvidersMax);
  record.version = 1;
  State next = *state_;
  next.providers.emplace(record.name, record);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return record;
}

Answer<Provider> Store::update_provider(const ProviderChange& change) {
  const std::scoped_lock lock(writing_);
  const auto found = state_->providers.find(change.name);
  if (found == state_->providers.end()) return no_provider(Code::not_found, change.name);
  Answer<Provider> updated = merged(found->second, change);
  if (!updated) return updated;
  State next = *state_;
  next.providers.insert_or_assign(change.name, *updated);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return updated;
}

Answer<bool> Store::delete_provider(std::string_view name, bool force) {
  const std::scoped_lock lock(writing_);
  if (!state_->providers.contains(name)) return false;
  if (!force) {
    if (const std::string users = users_of(*state_, name); !users.empty()) {
      return refusal(Code::failed_precondition,
                     fmt::format("provider '{}' is in use by {}", name, users));
    }
  }
  State next = *state_;
  for (auto& [id, sandbox] : next.sandboxes) {
    if (std::erase(sandbox.providers, name) > 0) ++sandbox.version;
  }
  next.providers.erase(next.providers.find(name));
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

Answer<Route> Store::set_route(const std::string& name, Route route) {
  const std::scoped_lock lock(writing_);
  if (!state_->providers.contains(route.provider)) {
    return no_provider(Code::failed_precondition, route.provider);
  }
  const auto found = state_->routes.find(name);
  route.version = found == state_->routes.end() ? 1 : found->second.version + 1;
  State next = *state_;
  next.routes.insert_or_assign(name, route);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return route;
}

Answer<bool> Store::delete_route(std::string_view name) {
  const std::scoped_lock lock(writing_);
  if (!state_->routes.contains(name)) return false;
  State next = *state_;
  next.routes.erase(next.routes.find(name));
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

Answer<Sandbox> Store::create_sandbox(Sandbox record) {
  const std::scoped_lock lock(writing_);
  for (const std::string* const taken : {&record.name, &record.id}) {
    if (state_->find_sandbox(*taken) == nullptr) continue;
    return refusal(Code::already_exists, fmt::format("sandbox '{}' already exists", *taken));
  }
  if (state_->sandboxes.size() >= kSandboxesMax) return too_many("sandboxes", kSandboxesMax);
  if (record.providers.size() > kAttachedMax) {
    return too_many("providers of the sandbox", kAttachedMax);
  }
  for (const std::string& provider : record.providers) {
    if (!state_->providers.contains(provider)) {
      return no_provider(Code::failed_precondition, provider);
    }
  }
  record.version = 1;
  if (record.policy) record.policy->version = 1;
  State next = *state_;
  next.sandboxes.emplace(record.id, record);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return record;
}

Answer<bool> Store::delete_sandbox(std::string_view name) {
  const std::scoped_lock lock(writing_);
  const Sandbox* const found = state_->find_sandbox(name);
  if (found == nullptr) return false;
  State next = *state_;
  next.sandboxes.erase(found->id);
  next.tokens.erase(found->id);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

rpc::Status Store::set_token(std::string_view sandbox, const std::string& sha256,
                             bool keep_previous) {
  const std::scoped_lock lock(writing_);
  const Sandbox* const found = state_->find_sandbox(sandbox);
  if (found == nullptr) return no_sandbox(sandbox);
  State next = *state_;
  for (const auto& [id, tokens] : next.tokens) {
    const auto& digests = tokens.digests;
    if (id != found->id && std::find(digests.begin(), digests.end(), sha256) != digests.end()) {
      return refusal(Code::already_exists, "another sandbox has this token");
    }
  }
  std::vector<std::string> digests;
  if (!sha256.empty()) digests.push_back(sha256);
  if (const auto before = next.tokens.find(found->id);
      keep_previous && before != next.tokens.end() && before->second.digests.front() != sha256) {
    digests.push_back(before->second.digests.front());
  }
  if (digests.empty()) {
    next.tokens.erase(found->id);
  } else {
    next.tokens.insert_or_assign(found->id, IssuedTokens{std::move(digests)});
  }
  return commit(std::move(next));
}

Answer<bool> Store::attach(std::string_view sandbox, const std::string& provider,
                           std::uint64_t expected_version) {
  const std::scoped_lock lock(writing_);
  State next = *state_;
  const Answer<Sandbox*> found = sandbox_at(next, sandbox, expected_version);
  if (!found) return found.error();
  if (!state_->providers.contains(provider)) {
    return no_provider(Code::failed_precondition, provider);
  }
  auto& attached = (*found)->providers;
  if (std::find(attached.begin(), attached.end(), provider) != attached.end()) return false;
  if (attached.size() >= kAttachedMax) return too_many("providers of the sandbox", kAttachedMax);
  attached.push_back(provider);
  ++(*found)->version;
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

Answer<bool> Store::detach(std::string_view sandbox, std::string_view provider,
                           std::uint64_t expected_version) {
  const std::scoped_lock lock(writing_);
  State next = *state_;
  const Answer<Sandbox*> found = sandbox_at(next, sandbox, expected_version);
  if (!found) return found.error();
  if (std::erase((*found)->providers, provider) == 0) return false;
  ++(*found)->version;
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

Answer<PolicyRecord> Store::set_policy(std::string_view sandbox, PolicyRecord admitted,
                                       std::uint64_t expected_version) {
  const std::scoped_lock lock(writing_);
  State next = *state_;
  std::optional<PolicyRecord>* place = &next.policy;
  Sandbox* owner = nullptr;
  if (!sandbox.empty()) {
    const Answer<Sandbox*> found = sandbox_at(next, sandbox, expected_version);
    if (!found) return found.error();
    owner = *found;
    place = &owner->policy;
  }
  if (*place && (*place)->hash == admitted.hash) return **place;
  if (const auto wrong = live_fault(*state_, sandbox, admitted)) {
    return refusal(Code::invalid_argument, *wrong);
  }
  admitted.version = *place ? (*place)->version + 1 : 1;
  *place = admitted;
  if (owner != nullptr) ++owner->version;
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return admitted;
}

Answer<bool> Store::report_effective(std::string_view sandbox_id, PolicyRecord effective,
                                     std::string_view of) {
  const std::scoped_lock lock(writing_);
  State next = *state_;
  const Answer<Sandbox*> found = sandbox_under(next, sandbox_id, of);
  if (!found) return found.error();
  Sandbox& sandbox = **found;
  if (sandbox.effective && sandbox.effective->hash == effective.hash &&
      sandbox.effective->version == effective.version && sandbox.effective_of == of) {
    return false;
  }
  sandbox.effective = std::move(effective);
  sandbox.effective_of = of;
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

Answer<bool> Store::report_policy(std::string_view sandbox_id, PolicyReport report) {
  const std::scoped_lock lock(writing_);
  State next = *state_;
  const Answer<Sandbox*> found = sandbox_under(next, sandbox_id, report.hash);
  if (!found) return found.error();
  Sandbox& sandbox = **found;
  const auto& last = sandbox.report;
  if (last && last->version == report.version && last->hash == report.hash &&
      last->loaded == report.loaded && last->error == report.error) {
    return false;
  }
  if (report.loaded) sandbox.loaded_version = report.version;
  sandbox.report = std::move(report);
  if (auto status = commit(std::move(next)); !status.ok()) return status;
  return true;
}

rpc::Status Store::set_registrations(std::vector<Registration> registrations) {
  std::sort(registrations.begin(), registrations.end(),
            [](const Registration& a, const Registration& b) { return a.name < b.name; });
  const std::scoped_lock lock(writing_);
  State next = *state_;
  next.registrations = std::move(registrations);
  return commit(std::move(next));
}

}  // namespace sallyport::gateway
