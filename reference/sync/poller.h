// Keeps the generation that decides up to date: with a gateway, polls it and takes over what
// changed; with or without one, brings the middleware services in. A new generation is built off to
// the side and goes to the target by one call, so a rotation never waits for a stream. Owned by
// main, on the loop.
//
// What a failure does: an outage (is_outage) leaves the last good part in force and is told once as
// `stale`; the gateway's word that there are no routes or no credentials withdraws them; a part
// that can't be taken leaves the last good one, or quarantines (policy_validation_failure_mode); an
// outage longer than `max_stale` withdraws routes and credentials too, until the gateway is heard
// of again. The parts don't hold each other up. Polling goes on for ever. Follows OpenShell
// crates/openshell-sandbox/src/lib.rs and
// crates/openshell-supervisor-network/src/inference_routes.rs, which keeps stale keys when a
// provider is gone, and never polls again when the first bundle can't be had (docs/deviations.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/audit/sink.h"
#include "reference/net/clock.h"
#include "reference/rpc/status.h"
#include "reference/sync/first.h"
#include "reference/sync/news.h"
#include "reference/sync/reconciler.h"
#include "reference/sync/reports.h"
#include "reference/sync/service_news.h"
#include "reference/sync/source.h"
#include "reference/sync/target.h"

namespace sallyport::sync {

struct PollerOptions {
  base::Duration poll = std::chrono::seconds(5);
  base::Duration timeout = std::chrono::seconds(2);  // of each call
  ServiceTimes services;
  std::string source;  // what events name: the gateway's endpoint, or the configuration's file
  // Asked about each policy of a gateway's; may add to it. Why it can't be enforced here, or "".
  std::function<std::string(policy::Policy&)> adopt{};
  // The same of a sandbox that runs, which such a policy is to be for: why it can't follow the one
  // in force, or "". What it adds is reported back to the gateway.
  std::function<std::string(policy::Policy&)> settle{};
  // How long routes and credentials count without word of the gateway; looked at with each poll.
  std::optional<base::Duration> max_stale{};  // none: for ever
};

class Poller {
 public:
  // What is referred to must outlive the poller. `source` is null without a gateway.
  struct Parts {
    net::Executor executor;
    net::Deadlines& deadlines;
    audit::AuditSink& audit;
    base::Log& log;
    GenerationTarget& target;
    ConfigSource* source;
    RegistryBuilder build;
  };
  Poller(Parts parts, PollerOptions options);

  // Roots, until they are cancelled: the gateway's (ends at once without one), the services'.
  [[nodiscard]] net::Task<void> run_gateway();
  [[nodiscard]] net::Task<void> run_services();

  // Before run_gateway(): the generation that decides was made from these answers, so they aren't
  // taken again; where it says more than they do, that is reported back.
  void begin_from(const FirstAnswers& answers);

  // The next poll is now; one that is under way is followed by another.
  void poll_now();
  // Whether a policy of the gateway's is why everything is denied: only its next sound one ends it.
  [[nodiscard]] bool quarantines() const { return quarantines_; }

  // Without a gateway: the services of the start, which run_services() connects to.
  void expect_services(std::vector<middleware::Registration> wanted);
  // Without a gateway, a reload: `next` with the registry of `wanted` is one generation. At once
  // when the list is the old one; else after its services were asked, or their time for that is
  // over. A later replace() wins. A root.
  [[nodiscard]] net::Task<void> replace(std::shared_ptr<egress::Generation> next,
                                        std::vector<middleware::Registration> wanted);

 private:
  struct Answers;
  struct Changes;

  [[nodiscard]] net::Task<void> poll();
  [[nodiscard]] net::Task<void> fetch_config(Answers& answers, base::TimePoint deadline);
  [[nodiscard]] net::Task<void> fetch_bundle(Answers& answers, base::TimePoint deadline);
  [[nodiscard]] net::Task<void> fetch_environment(Answers& answers, Changes& changes);
  void judge_config(const Answers& answers, Changes& changes);
  void judge_bundle(const Answers& answers, Changes& changes);
  void judge_environment(const Answers& answers, Changes& changes);
  // Empty, or why the policy isn't taken, and the class of that.
  [[nodiscard]] std::string judge_policy(policy::Policy& policy, std::string& error) const;
  void refuse_policy(const Answers& answers, const std::string& error, const std::string& wrong,
                     Changes& changes);
  void withdraw_routes(Changes& changes);
  void withdraw_credentials(Changes& changes);
  void withdraw_stale(Changes& changes);
  [[nodiscard]] net::Task<void> report(const Answers& answers);
  void apply_uninspected(Changes& changes);
  void apply(Changes& changes);
  [[nodiscard]] net::Task<bool> take_services(std::vector<middleware::Registration> wanted);
  void services_changed();
  void install(std::shared_ptr<egress::Generation> next);

  Parts parts_;
  PollerOptions options_;
  News news_;
  ServiceNews service_news_;
  Reports reports_;
  Reconciler services_;
  net::Event wake_;
  bool again_ = false;             // poll_now() was called
  std::uint64_t replacement_ = 0;  // counts replace()
  bool quarantines_ = false;
  base::TimePoint routes_heard_, credentials_heard_;  // the gateway's last word of them

  // What was taken, or refused for good, so that it isn't judged again.
  std::string config_seen_;
  std::optional<std::string> bundle_seen_;
  std::optional<std::uint64_t> environment_seen_;
};

}  // namespace sallyport::sync
