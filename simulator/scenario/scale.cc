// --slow: every pace, pause and bound of a cell. What the subject is told it multiplies itself.

#include <algorithm>
#include <cmath>

#include "simulator/scenario/scenario.h"

namespace sallyport::sim::scenario {
namespace {

class Scale {
 public:
  // `gateway`: there is one, which takes whole seconds.
  Scale(double factor, bool gateway) : factor_(factor), gateway_(gateway) {}

  void apply(base::Duration& duration) const { duration = base::Duration(times(duration.count())); }
  void apply(std::optional<base::Duration>& duration) const {
    if (duration) apply(*duration);
  }
  void apply(journal::Matcher& matcher) const {
    if (matcher.time && matcher.at_least) matcher.at_least = times(*matcher.at_least);
    if (matcher.time && matcher.at_most) matcher.at_most = times(*matcher.at_most);
    if (matcher.not_) {
      matcher.not_ = std::make_shared<journal::Matcher>(*matcher.not_);
      apply(*matcher.not_);
    }
  }
  void apply(std::map<std::string, journal::Matcher>& matchers) const {
    for (auto& [name, matcher] : matchers) apply(matcher);
  }
  void apply(journal::Selector& selector) const { apply(selector.where); }
  void apply(providers::SseSpec& sse) const {
    apply(sse.first_after);
    apply(sse.every);
    if (sse.hold) apply(sse.hold->until);
  }
  void apply(providers::Answer& answer) const {
    apply(answer.delay);
    apply(answer.hold);
    if (answer.sse) apply(*answer.sse);
    if (answer.raw) apply(*answer.raw);
    if (answer.websocket) apply(*answer.websocket);
  }
  void apply(std::vector<wire::Move>& moves) const {
    for (wire::Move& move : moves) {
      apply(move.gap);
      apply(move.selector);
    }
  }
  void apply(std::vector<wire::WebSocketMove>& moves) const {
    for (wire::WebSocketMove& move : moves) apply(move.selector);
  }
  void apply(providers::ProviderSpec& provider) const {
    apply(provider.sse);
    for (providers::RouteSpec& route : provider.routes) {
      for (providers::Answer& answer : route.answers) apply(answer);
    }
  }
  // Not the shift of a clock: certificates and tokens don't last longer for a slow run.
  void apply(Fault& fault) const {
    apply(fault.delay);
    apply(fault.silence);
    if (!fault.rate) return;
    const double slower = static_cast<double>(*fault.rate) / factor_;
    fault.rate = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(slower)));
  }
  void apply(std::optional<journal::Selector>& selector) const {
    if (selector) apply(*selector);
  }
  void apply(std::optional<Inference>& inference) const {
    if (!inference || !inference->timeout) return;
    apply(inference->timeout);
    if (gateway_) inference->timeout = std::chrono::ceil<std::chrono::seconds>(*inference->timeout);
  }
  void apply(agents::GateSpec::Limits& limits) const {
    apply(limits.gap);
    apply(limits.connect);
    apply(limits.total);
    apply(limits.exec);
  }
  void apply(middleware::ServiceSpec& service) const {
    // Its timeouts, registered and described, are what the subject is told.
    for (middleware::Reaction& reaction : service.script) apply(reaction.delay);
    for (middleware::Describe& describe : service.describe) apply(describe.ending.delay);
    for (middleware::Verdict& verdict : service.validate) apply(verdict.ending.delay);
  }
  void apply(Step& step) const {
    apply(step.timeout);
    apply(step.retry);
    apply(step.interval);
    apply(step.expect);
    apply(step.after_event);
    apply(step.until);
    apply_verb(step);
  }
  void apply_verb(Step& step) const {
    if (auto* pause = std::get_if<agents::PauseSpec>(&step.verb)) apply(pause->duration);
    if (auto* fault = std::get_if<Fault>(&step.verb)) apply(*fault);
    if (auto* inference = std::get_if<SetInference>(&step.verb)) apply(inference->route);
    if (auto* request = std::get_if<agents::RequestSpec>(&step.verb)) apply(request->abort);
    if (auto* raw = std::get_if<agents::RawSpec>(&step.verb)) apply(raw->moves);
    if (auto* socket = std::get_if<agents::WebSocketSpec>(&step.verb)) apply(socket->moves);
    if (auto* gate = std::get_if<agents::GateSpec>(&step.verb)) apply(gate->limits);
    if (auto* set = std::get_if<SetProviders>(&step.verb)) {
      for (providers::ProviderSpec& provider : set->providers) apply(provider);
    }
    if (auto* set = std::get_if<SetMiddleware>(&step.verb)) {
      for (middleware::ServiceSpec& service : set->services) apply(service);
    }
  }
  void apply(Expectation& expectation) const {
    if (expectation.witness) apply(expectation.witness->selector);
    if (auto* always = std::get_if<Always>(&expectation.item)) {
      apply(always->selector);
      apply(always->has);
    }
    if (auto* eventually = std::get_if<Eventually>(&expectation.item)) {
      apply(eventually->selector);
      apply(eventually->within);
    }
    if (auto* span = std::get_if<Span>(&expectation.item)) {
      apply(span->from);
      apply(span->to);
      apply(span->at_least);
      apply(span->at_most);
    }
    if (auto* ordered = std::get_if<Ordered>(&expectation.item)) {
      for (journal::Selector& selector : ordered->selectors) apply(selector);
    }
    if (auto* count = std::get_if<Count>(&expectation.item)) apply(count->selector);
    if (auto* never = std::get_if<Never>(&expectation.item)) apply(never->selector);
  }

 private:
  [[nodiscard]] std::int64_t times(std::int64_t value) const {
    return static_cast<std::int64_t>(std::llround(static_cast<double>(value) * factor_));
  }
  double factor_;
  bool gateway_;
};

}  // namespace

void scale(Cell& cell, double factor) {
  if (factor == 1) return;
  const Scale scale(factor, cell.gateway.has_value());
  for (providers::ProviderSpec& provider : cell.providers) scale.apply(provider);
  for (middleware::ServiceSpec& service : cell.middleware) scale.apply(service);
  scale.apply(cell.inference);
  for (Supervisor& supervisor : cell.supervisors) scale.apply(supervisor.inference);
  for (Step& step : cell.steps) scale.apply(step);
  for (Expectation& expectation : cell.expect) scale.apply(expectation);
}

}  // namespace sallyport::sim::scenario
