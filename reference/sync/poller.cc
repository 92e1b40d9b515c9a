#include "reference/sync/poller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/net/both.h"
#include "reference/sync/convert.h"

namespace sallyport::sync {
namespace {

const std::string kConfiguration = "configuration";
const std::string kPolicy = "policy";
const std::string kRoutes = "routes";
const std::string kEnvironment = "environment";

// A gateway's own words, fit for a line of a log.
std::string words_of(const rpc::Status& status) {
  constexpr std::size_t kWordsMax = 300;
  std::string words = status.message.substr(0, kWordsMax);
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  return fmt::format("{}: {}", rpc::code_name(status.code), words);
}

std::string names_of(const std::vector<middleware::Refused>& refused) {
  std::string text;
  for (const middleware::Refused& one : refused) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", one.name, one.reason);
  }
  return text;
}

}  // namespace

struct Poller::Answers {
  openshell::sandbox::v1::GetSandboxConfigResponse config;
  openshell::inference::v1::GetInferenceBundleResponse bundle;
  openshell::v1::GetSandboxProviderEnvironmentResponse environment;
  rpc::Status config_status;
  rpc::Status bundle_status;
  rpc::Status environment_status;
};

// What a poll brought; nothing for what stays as it is.
struct Poller::Changes {
  std::optional<policy::Policy> policy;
  std::optional<std::vector<middleware::Registration>> services;  // another list, with the policy
  std::optional<std::shared_ptr<const inference::Routes>> routes;
  std::optional<std::shared_ptr<const credentials::Store>> credentials;
  std::optional<std::string> config_revision;
  std::optional<std::string> bundle_revision;
  std::optional<std::string> environment_revision;
};

Poller::Poller(Parts parts, PollerOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      services_(parts_.executor, parts_.deadlines, parts_.build, options_.pause),
      wake_(parts_.executor) {}

net::Task<void> Poller::run_gateway() {
  if (parts_.source == nullptr) co_return;
  net::Deadline next(parts_.deadlines, [this] { wake_.notify(); });
  while (true) {
    again_ = false;
    // From begin to begin; a poll that takes longer than that is followed by the next at once.
    next.set(parts_.deadlines.now() + options_.poll);
    co_await poll();
    while (!again_ && !next.passed()) {
      const bool notified = co_await wake_.wait();
      if (!notified) co_return;
    }
  }
}

void Poller::poll_now() {
  again_ = true;
  wake_.notify();
}

net::Task<void> Poller::run_services() {
  return services_.run([this] { services_changed(); });
}

net::Task<void> Poller::poll() {
  const base::TimePoint deadline = parts_.deadlines.now() + options_.timeout;
  Answers answers;
  auto config = fetch_config(answers, deadline);
  auto bundle = fetch_bundle(answers, deadline);
  co_await net::both(std::move(config), std::move(bundle));
  Changes changes;
  judge_config(answers, changes);
  judge_bundle(answers, changes);
  co_await fetch_environment(answers, changes);
  if (changes.services) {
    // Policy and services are one generation; a service that isn't there holds this up for no
    // longer than its timeout, and routes and credentials not at all.
    apply_uninspected(changes);
    const bool newest = co_await services_.take(*changes.services);
    if (!newest) changes.services.reset();
  }
  apply(changes);
}

net::Task<void> Poller::fetch_config(Answers& answers, base::TimePoint deadline) {
  answers.config_status = co_await parts_.source->config(answers.config, deadline);
}

net::Task<void> Poller::fetch_bundle(Answers& answers, base::TimePoint deadline) {
  answers.bundle_status = co_await parts_.source->bundle(answers.bundle, deadline);
}

void Poller::judge_config(const Answers& answers, Changes& changes) {
  const rpc::Status& status = answers.config_status;
  if (!status.ok()) {
    if (is_outage(status.code)) return stale(kConfiguration, status);
    return failed(kConfiguration, {}, std::string(rpc::code_name(status.code)), words_of(status),
                  true);
  }
  well(kConfiguration);
  const auto& config = answers.config;
  auto services = registrations_of(config);
  const bool same_services = services_.stands_for(services);
  const std::string seen = fmt::format("{} {}", config.config_revision(), config.policy_hash());
  if (seen == config_seen_ && (same_services || told_.contains(kPolicy))) return;
  std::string wrong;
  auto policy = policy_of(config, wrong);
  if (policy && options_.adopt) wrong = options_.adopt(*policy);
  if (!wrong.empty()) policy.reset();
  config_seen_ = seen;
  if (!policy) {
    return failed(kPolicy, fmt::format("{}", config.version()), "invalid_policy", wrong, true);
  }
  well(kPolicy);
  changes.policy = std::move(policy);
  changes.config_revision = fmt::format("{}", config.config_revision());
  if (!same_services) changes.services = std::move(services);
}

void Poller::judge_bundle(const Answers& answers, Changes& changes) {
  const rpc::Status& status = answers.bundle_status;
  if (!status.ok()) {
    if (is_outage(status.code)) return stale(kRoutes, status);
    bundle_seen_.reset();
    const auto current = parts_.target.current();
    if (current->routes && !current->routes->empty()) {
      changes.routes = nullptr;
      changes.bundle_revision = "";
    }
    return failed(kRoutes, {}, std::string(rpc::code_name(status.code)), words_of(status), false);
  }
  const std::string& revision = answers.bundle.revision();
  if (bundle_seen_ == revision) {
    const auto told = told_.find(kRoutes);
    if (told != told_.end() && told->second.starts_with("stale")) well(kRoutes);
    return;
  }
  std::vector<std::string> wrong;
  const auto current = parts_.target.current();
  changes.routes = std::make_shared<const inference::Routes>(
      routes_of(answers.bundle, current->routes.get(), wrong));
  changes.bundle_revision = revision;
  bundle_seen_ = revision;
  well(kRoutes);
  if (!wrong.empty()) {
    failed(kRoutes, revision, "invalid_route", fmt::format("{}", fmt::join(wrong, "; ")), true);
  }
}

net::Task<void> Poller::fetch_environment(Answers& answers, Changes& changes) {
  // A configuration that the gateway refuses holds up no revocation; only an outage does.
  const bool known = answers.config_status.ok();
  if (!known && is_outage(answers.config_status.code)) co_return;
  if (known && environment_seen_ == answers.config.provider_env_revision()) co_return;
  const base::TimePoint deadline = parts_.deadlines.now() + options_.timeout;
  answers.environment_status = co_await parts_.source->environment(answers.environment, deadline);
  judge_environment(answers, changes);
}

void Poller::judge_environment(const Answers& answers, Changes& changes) {
  const rpc::Status& status = answers.environment_status;
  if (!status.ok() && is_outage(status.code)) return stale(kEnvironment, status);
  std::string wrong;
  std::optional<credentials::Store> store;
  if (status.ok()) store = store_of(answers.environment, wrong);
  const auto current = parts_.target.current();
  const credentials::Store none;
  const credentials::Store& before = current->credentials ? *current->credentials : none;
  if (!store) {
    if (!before.environment().empty()) {
      changes.credentials = std::make_shared<const credentials::Store>(
          credentials::Store::succeed(before, credentials::Store(before.revision(), {})));
      changes.environment_revision = "";
    }
    environment_seen_.reset();
    const bool answered = status.ok();
    return failed(kEnvironment, fmt::format("{}", answers.config.provider_env_revision()),
                  answered ? "invalid_environment" : std::string(rpc::code_name(status.code)),
                  answered ? wrong : words_of(status), false);
  }
  well(kEnvironment);
  if (environment_seen_ == answers.environment.provider_env_revision()) return;
  changes.credentials = std::make_shared<const credentials::Store>(
      credentials::Store::succeed(before, *std::move(store)));
  changes.environment_revision = fmt::format("{}", answers.environment.provider_env_revision());
  environment_seen_ = answers.environment.provider_env_revision();
}

// What no middleware has a part in: withdrawn keys and routes wait for no service.
void Poller::apply_uninspected(Changes& changes) {
  Changes now;
  now.routes = std::exchange(changes.routes, std::nullopt);
  now.credentials = std::exchange(changes.credentials, std::nullopt);
  now.bundle_revision = std::exchange(changes.bundle_revision, std::nullopt);
  now.environment_revision = std::exchange(changes.environment_revision, std::nullopt);
  if (now.routes || now.credentials) apply(now);
}

// One swap for all that the poll brought; without awaiting anything, so nothing comes between.
void Poller::apply(Changes& changes) {
  const bool any = changes.policy || changes.routes || changes.credentials || changes.services;
  if (any) {
    auto next = std::make_shared<egress::Generation>(*parts_.target.current());
    if (changes.policy) next->policy = *std::move(changes.policy);
    if (changes.services) next->middleware = services_.registry();
    if (changes.routes) next->routes = *changes.routes;
    if (changes.credentials) next->credentials = *changes.credentials;
    if (changes.config_revision) next->revisions.config = *changes.config_revision;
    if (changes.bundle_revision) next->revisions.bundle = *changes.bundle_revision;
    if (changes.environment_revision) {
      next->revisions.environment = *changes.environment_revision;
    }
    install(std::move(next));
    tell_degraded();
  } else if (recovered_) {
    emit_loaded(parts_.audit, *parts_.target.current(), options_.source);
  }
  recovered_ = false;
}

void Poller::install(std::shared_ptr<egress::Generation> next) {
  emit_loaded(parts_.audit, *parts_.target.install(std::move(next)), options_.source);
}

void Poller::services_changed() {
  auto next = std::make_shared<egress::Generation>(*parts_.target.current());
  next->middleware = services_.registry();
  install(std::move(next));
  tell_degraded();
}

void Poller::tell_degraded() {
  const std::string names = names_of(services_.refused());
  if (names == told_degraded_) return;
  told_degraded_ = names;
  if (names.empty()) return;
  emit_degraded(parts_.audit, *parts_.target.current(), services_.refused().size(), names,
                options_.source);
}

void Poller::expect_services(std::vector<middleware::Registration> wanted) {
  services_.expect(std::move(wanted));
}

net::Task<void> Poller::replace(std::shared_ptr<egress::Generation> next,
                                std::vector<middleware::Registration> wanted) {
  const std::uint64_t mine = ++replacement_;
  if (!services_.stands_for(wanted)) {
    const bool newest = co_await services_.take(std::move(wanted));
    if (!newest || mine != replacement_) co_return;
  }
  next->middleware = services_.registry();
  install(std::move(next));
  tell_degraded();
}

bool Poller::is_news(const std::string& part, const std::string& failure) {
  std::string& told = told_[part];
  if (told == failure) return false;
  told = failure;
  return true;
}

void Poller::well(const std::string& part) {
  const auto told = told_.find(part);
  if (told == told_.end()) return;
  told_.erase(told);
  recovered_ = true;
}

void Poller::stale(const std::string& part, const rpc::Status& status) {
  if (status.code == rpc::Code::cancelled) return;  // by ourselves: the program ends
  if (!is_news(part, fmt::format("stale {}", rpc::code_name(status.code)))) return;
  emit_stale(parts_.audit, *parts_.target.current(), part, status.code, options_.source);
}

void Poller::failed(const std::string& part, std::string version, std::string error,
                    std::string detail, bool still_active) {
  if (!is_news(part, fmt::format("failed {} {} {}", version, error, detail))) return;
  Failure failure;
  failure.part = part;
  failure.version = std::move(version);
  failure.error = std::move(error);
  failure.detail = std::move(detail);
  failure.still_active = still_active;
  emit_failed(parts_.audit, *parts_.target.current(), failure, options_.source);
}

}  // namespace sallyport::sync
