// Keeps the generation that decides up to date: with a gateway, polls it and takes over what
// changed; with or without one, brings the middleware services in. A new generation is built off to
// the side and goes to the target by one call, so a rotation never waits for a stream. Owned by
// main, on the loop.
//
// What a failure does: an outage (is_outage) leaves the last good part in force and is told once as
// `stale`; the gateway's word that there are no routes or no credentials withdraws them; a part
// that can't be taken leaves the last good one. The parts don't hold each other up. Polling goes on
// for ever. Follows OpenShell crates/openshell-sandbox/src/lib.rs and
// crates/openshell-supervisor-network/src/inference_routes.rs, which keeps stale keys when a
// provider is gone, and never polls again when the first bundle can't be had (docs/deviations.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/audit/sink.h"
#include "reference/net/clock.h"
#include "reference/rpc/status.h"
#include "reference/sync/events.h"
#include "reference/sync/reconciler.h"
#include "reference/sync/source.h"
#include "reference/sync/target.h"

namespace sallyport::sync {

struct PollerOptions {
  base::Duration poll = std::chrono::seconds(5);
  base::Duration timeout = std::chrono::seconds(2);  // of each call
  Pause pause;
  std::string source;  // what events name: the gateway's endpoint, or the configuration's file
  // Asked about each policy of a gateway's; may add to it. Why it can't be enforced here, or "".
  std::function<std::string(policy::Policy&)> adopt{};
};

class Poller {
 public:
  // What is referred to must outlive the poller. `source` is null without a gateway.
  struct Parts {
    net::Executor executor;
    net::Deadlines& deadlines;
    audit::AuditSink& audit;
    GenerationTarget& target;
    ConfigSource* source;
    RegistryBuilder build;
  };
  Poller(Parts parts, PollerOptions options);

  // Roots, until they are cancelled: the gateway's (ends at once without one), the services'.
  [[nodiscard]] net::Task<void> run_gateway();
  [[nodiscard]] net::Task<void> run_services();

  // The next poll is now; one that is under way is followed by another.
  void poll_now();

  // Without a gateway: the services of the start, which run_services() connects to.
  void expect_services(std::vector<middleware::Registration> wanted);
  // Without a gateway, a reload: `next` with the registry of `wanted` is one generation. At once
  // when the list is the old one; else after its services were asked. A later replace() wins. A
  // root.
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
  void apply_uninspected(Changes& changes);
  void apply(Changes& changes);
  void services_changed();
  void install(std::shared_ptr<egress::Generation> next);
  void tell_degraded();

  // Whether this failure of the part is new; well() forgets it.
  bool is_news(const std::string& part, const std::string& failure);
  void well(const std::string& part);
  void stale(const std::string& part, const rpc::Status& status);
  void failed(const std::string& part, std::string version, std::string error, std::string detail,
              bool still_active);

  Parts parts_;
  PollerOptions options_;
  Reconciler services_;
  net::Event wake_;
  bool again_ = false;             // poll_now() was called
  bool recovered_ = false;         // a part that was stale isn't any more
  std::uint64_t replacement_ = 0;  // counts replace()
  std::string told_degraded_;
  std::map<std::string, std::string> told_;  // failures by part

  // What was taken, or refused for good, so that it isn't judged again.
  std::string config_seen_;
  std::optional<std::string> bundle_seen_;
  std::optional<std::uint64_t> environment_seen_;
};

}  // namespace sallyport::sync
