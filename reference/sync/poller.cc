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
const std::string kReport = "report";
const std::string kStaticChange = "static_change";
const std::string kRetain = "retain_last_valid";

Failure failure_of(const std::string& part, std::string version, std::string error,
                   std::string detail, bool still_active) {
  Failure failure;
  failure.part = part;
  failure.version = std::move(version);
  failure.error = std::move(error);
  failure.detail = std::move(detail);
  failure.still_active = still_active;
  return failure;
}

// The gateway's own refusal of a part.
Failure failure_of(const std::string& part, const rpc::Status& status, bool still_active) {
  return failure_of(part, {}, std::string(rpc::code_name(status.code)), words_of(status),
                    still_active);
}

bool has_credentials(const egress::Generation& generation) {
  return generation.credentials && !generation.credentials->environment().empty();
}

bool has_routes(const egress::Generation& generation) {
  return generation.routes && !generation.routes->empty();
}

// What the gateway says becomes of a sandbox whose policy isn't sound, else what we were told; a
// word that we don't know is the stricter one.
bool fails_closed(const openshell::sandbox::v1::GetSandboxConfigResponse& config,
                  const egress::Generation& current) {
  const std::string& mode = config.policy_validation_failure_mode();
  return mode.empty() ? current.fail_closed : mode != kRetain;
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
  std::optional<std::string> quarantine;  // why everything is denied
  std::optional<std::string> config_revision;
  std::optional<std::string> bundle_revision;
  std::optional<std::string> environment_revision;
};

Poller::Poller(Parts parts, PollerOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      news_(parts_.audit, parts_.target, options_.source),
      service_news_(parts_.audit, parts_.target, options_.source),
      services_(parts_.executor, parts_.deadlines, parts_.log, parts_.build, options_.services),
      wake_(parts_.executor),
      routes_heard_(parts_.deadlines.now()),
      credentials_heard_(routes_heard_) {}

void Poller::begin_from(const FirstAnswers& answers) {
  Answers first;
  if (!first.config.ParseFromString(answers.config)) return;
  config_seen_ = policy_seen(first.config);
  reports_.expect_policy(effective_of(first.config, parts_.target.current()->policy.fixed));
  reports_.expect_status(first.config.version(), {});
  if (answers.bundle && first.bundle.ParseFromString(*answers.bundle)) {
    bundle_seen_ = first.bundle.revision();
  }
  if (answers.environment && first.environment.ParseFromString(*answers.environment)) {
    environment_seen_ = first.environment.provider_env_revision();
  }
}

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
  withdraw_stale(changes);
  if (changes.services) {
    // Policy and services are one generation; a service that doesn't answer holds this up for no
    // longer than a short patience, and routes and credentials not at all.
    apply_uninspected(changes);
    const bool newest = co_await take_services(*changes.services);
    if (!newest) changes.services.reset();
  }
  apply(changes);
  co_await report(answers);
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
    if (is_outage(status.code)) return news_.stale(kConfiguration, status);
    return news_.failed(failure_of(kConfiguration, status, true));
  }
  news_.well(kConfiguration);
  const auto& config = answers.config;
  auto services = registrations_of(config);
  const bool same_services = services_.stands_for(services);
  const std::string seen = policy_seen(config);
  if (seen == config_seen_ && (same_services || news_.told(kPolicy))) return;
  config_seen_ = seen;
  std::string wrong;
  std::string error = "invalid_policy";
  auto policy = policy_of(config, wrong);
  if (policy) wrong = judge_policy(*policy, error);
  if (!wrong.empty()) return refuse_policy(answers, error, wrong, changes);
  news_.well(kPolicy);
  quarantines_ = false;
  reports_.expect_policy(effective_of(config, policy->fixed));
  reports_.expect_status(config.version(), {});
  changes.policy = std::move(policy);
  changes.config_revision = fmt::format("{}", config.config_revision());
  if (!same_services) changes.services = std::move(services);
}

std::string Poller::judge_policy(policy::Policy& policy, std::string& error) const {
  std::string wrong = options_.adopt ? options_.adopt(policy) : std::string();
  if (!wrong.empty() || !options_.settle) return wrong;
  error = kStaticChange;
  return options_.settle(policy);
}

// A policy that is sound, but not for a sandbox that runs, takes nothing from the one in force.
void Poller::refuse_policy(const Answers& answers, const std::string& error,
                           const std::string& wrong, Changes& changes) {
  const bool closes =
      error != kStaticChange && fails_closed(answers.config, *parts_.target.current());
  reports_.expect_status(answers.config.version(), wrong);
  news_.failed(
      failure_of(kPolicy, fmt::format("{}", answers.config.version()), error, wrong, !closes));
  if (!closes) return;
  quarantines_ = true;
  changes.quarantine =
      fmt::format("policy validation failed: {}", wrong.substr(0, wrong.find('\n')));
}

void Poller::judge_bundle(const Answers& answers, Changes& changes) {
  const rpc::Status& status = answers.bundle_status;
  if (!status.ok()) {
    if (is_outage(status.code)) return news_.stale(kRoutes, status);
    routes_heard_ = parts_.deadlines.now();
    withdraw_routes(changes);
    return news_.failed(failure_of(kRoutes, status, false));
  }
  routes_heard_ = parts_.deadlines.now();
  const std::string& revision = answers.bundle.revision();
  if (bundle_seen_ == revision) {
    if (news_.told_stale(kRoutes)) news_.well(kRoutes);
    return;
  }
  std::vector<std::string> wrong;
  const auto current = parts_.target.current();
  changes.routes = std::make_shared<const inference::Routes>(
      routes_of(answers.bundle, current->routes.get(), wrong));
  changes.bundle_revision = revision;
  bundle_seen_ = revision;
  news_.well(kRoutes);
  if (!wrong.empty()) {
    news_.failed(failure_of(kRoutes, revision, "invalid_route",
                            fmt::format("{}", fmt::join(wrong, "; ")), true));
  }
}

net::Task<void> Poller::fetch_environment(Answers& answers, Changes& changes) {
  // A configuration that the gateway refuses holds up no revocation; only an outage does.
  const bool known = answers.config_status.ok();
  if (!known && is_outage(answers.config_status.code)) co_return;
  if (known && environment_seen_ == answers.config.provider_env_revision()) {
    credentials_heard_ = parts_.deadlines.now();
    co_return;
  }
  const base::TimePoint deadline = parts_.deadlines.now() + options_.timeout;
  answers.environment_status = co_await parts_.source->environment(answers.environment, deadline);
  judge_environment(answers, changes);
}

void Poller::judge_environment(const Answers& answers, Changes& changes) {
  const rpc::Status& status = answers.environment_status;
  if (!status.ok() && is_outage(status.code)) return news_.stale(kEnvironment, status);
  credentials_heard_ = parts_.deadlines.now();
  std::string wrong;
  std::optional<credentials::Store> store;
  if (status.ok()) store = store_of(answers.environment, wrong);
  if (!store) {
    withdraw_credentials(changes);
    if (!status.ok()) return news_.failed(failure_of(kEnvironment, status, false));
    return news_.failed(failure_of(kEnvironment,
                                   fmt::format("{}", answers.environment.provider_env_revision()),
                                   "invalid_environment", wrong, false));
  }
  news_.well(kEnvironment);
  const std::uint64_t revision = answers.environment.provider_env_revision();
  if (environment_seen_ == revision) return;
  const auto current = parts_.target.current();
  if (current->credentials) {
    store = credentials::Store::succeed(*current->credentials, *std::move(store));
  }
  changes.credentials = std::make_shared<const credentials::Store>(*std::move(store));
  changes.environment_revision = fmt::format("{}", revision);
  environment_seen_ = revision;
}

void Poller::withdraw_routes(Changes& changes) {
  bundle_seen_.reset();
  if (!has_routes(*parts_.target.current())) return;
  changes.routes = nullptr;
  changes.bundle_revision = "";
}

// The same credentials may come back, and then the placeholders that were handed out resolve again.
void Poller::withdraw_credentials(Changes& changes) {
  environment_seen_.reset();
  const auto current = parts_.target.current();
  if (!has_credentials(*current)) return;
  const credentials::Store& before = *current->credentials;
  changes.credentials = std::make_shared<const credentials::Store>(
      credentials::Store::succeed(before, credentials::Store(before.revision(), {})));
  changes.environment_revision = "";
}

// Keys that nobody has vouched for in so long aren't used any more.
void Poller::withdraw_stale(Changes& changes) {
  if (!options_.max_stale) return;
  const base::TimePoint last = parts_.deadlines.now() - *options_.max_stale;
  const auto current = parts_.target.current();
  if (routes_heard_ <= last && has_routes(*current)) {
    withdraw_routes(changes);
    emit_withdrawn(parts_.audit, *current, kRoutes, *options_.max_stale, options_.source);
  }
  if (credentials_heard_ <= last && has_credentials(*current)) {
    withdraw_credentials(changes);
    emit_withdrawn(parts_.audit, *current, kEnvironment, *options_.max_stale, options_.source);
  }
}

net::Task<void> Poller::report(const Answers& answers) {
  if (!answers.config_status.ok()) {
    reports_.put_off();
    co_return;
  }
  const base::TimePoint deadline = parts_.deadlines.now() + options_.timeout;
  const rpc::Status refusal = co_await reports_.send(*parts_.source, deadline);
  if (refusal.ok()) co_return;
  news_.failed(failure_of(kReport, refusal, true));
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
  const bool recovered = news_.take_recovery();
  const bool any = changes.policy || changes.routes || changes.credentials || changes.services ||
                   changes.quarantine;
  if (!any) {
    if (recovered) emit_loaded(parts_.audit, *parts_.target.current(), options_.source);
    return;
  }
  auto next = std::make_shared<egress::Generation>(*parts_.target.current());
  if (changes.policy) {
    next->policy = *std::move(changes.policy);
    next->quarantine.clear();
  }
  if (changes.quarantine) next->quarantine = *changes.quarantine;
  if (changes.services) next->middleware = services_.registry();
  if (changes.routes) next->routes = *changes.routes;
  if (changes.credentials) next->credentials = *changes.credentials;
  if (changes.config_revision) next->revisions.config = *changes.config_revision;
  if (changes.bundle_revision) next->revisions.bundle = *changes.bundle_revision;
  if (changes.environment_revision) next->revisions.environment = *changes.environment_revision;
  install(std::move(next));
  if (changes.quarantine) emit_quarantined(parts_.audit, *parts_.target.current());
  service_news_.tell(services_.refused());
}

void Poller::install(std::shared_ptr<egress::Generation> next) {
  emit_loaded(parts_.audit, *parts_.target.install(std::move(next)), options_.source);
}

void Poller::services_changed() {
  // What changed may be no more than the reason why a service isn't there.
  if (parts_.target.current()->middleware != services_.registry()) {
    auto next = std::make_shared<egress::Generation>(*parts_.target.current());
    next->middleware = services_.registry();
    install(std::move(next));
  }
  service_news_.tell(services_.refused());
}

net::Task<bool> Poller::take_services(std::vector<middleware::Registration> wanted) {
  service_news_.begin_list();
  return services_.take(std::move(wanted));
}

void Poller::expect_services(std::vector<middleware::Registration> wanted) {
  services_.expect(std::move(wanted));
}

net::Task<void> Poller::replace(std::shared_ptr<egress::Generation> next,
                                std::vector<middleware::Registration> wanted) {
  const std::uint64_t mine = ++replacement_;
  if (!services_.stands_for(wanted)) {
    const bool newest = co_await take_services(std::move(wanted));
    if (!newest) co_return;
    if (mine != replacement_) {
      services_changed();
      co_return;
    }
  }
  next->middleware = services_.registry();
  install(std::move(next));
  service_news_.tell(services_.refused());
}

}  // namespace sallyport::sync
