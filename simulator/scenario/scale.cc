// --slow: every pace, pause and bound of a cell. What the subject is told it multiplies itself.

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
  }
  void apply(providers::Answer& answer) const {
    apply(answer.delay);
    if (answer.sse) apply(*answer.sse);
    if (!answer.raw) return;
    for (providers::Move& move : *answer.raw) apply(move.gap);
  }
  void apply(std::optional<journal::Selector>& selector) const {
    if (selector) apply(*selector);
  }
  void apply(std::optional<Inference>& inference) const {
    if (!inference || !inference->timeout) return;
    apply(inference->timeout);
    if (gateway_) inference->timeout = std::chrono::ceil<std::chrono::seconds>(*inference->timeout);
  }
  void apply(middleware::ServiceSpec& service) const {
    // Its timeouts, registered and described, are what the subject is told.
    for (middleware::Reaction& reaction : service.script) apply(reaction.delay);
  }
  void apply(Step& step) const {
    apply(step.timeout);
    apply(step.retry);
    apply(step.interval);
    apply(step.expect);
    apply(step.after_event);
    apply(step.until);
    if (auto* pause = std::get_if<agents::PauseSpec>(&step.verb)) apply(pause->duration);
    if (auto* fault = std::get_if<Fault>(&step.verb)) apply(fault->delay);
    if (auto* inference = std::get_if<SetInference>(&step.verb)) apply(inference->route);
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
  for (providers::ProviderSpec& provider : cell.providers) {
    scale.apply(provider.sse);
    for (providers::RouteSpec& route : provider.routes) {
      for (providers::Answer& answer : route.answers) scale.apply(answer);
    }
  }
  for (middleware::ServiceSpec& service : cell.middleware) scale.apply(service);
  scale.apply(cell.inference);
  for (Step& step : cell.steps) scale.apply(step);
  for (Expectation& expectation : cell.expect) scale.apply(expectation);
}

}  // namespace sallyport::sim::scenario
