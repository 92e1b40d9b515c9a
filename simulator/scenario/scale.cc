// --slow: every pace, pause and bound of a cell. The subject multiplies its limits itself.

#include <cmath>

#include "simulator/scenario/scenario.h"

namespace sallyport::sim::scenario {
namespace {

class Scale {
 public:
  explicit Scale(double factor) : factor_(factor) {}

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
  void apply(Step& step) const {
    apply(step.timeout);
    apply(step.retry);
    apply(step.expect);
    if (auto* pause = std::get_if<agents::PauseSpec>(&step.verb)) apply(pause->duration);
  }
  void apply(Expectation& expectation) const {
    if (auto* always = std::get_if<Always>(&expectation.item)) apply(always->has);
    if (auto* eventually = std::get_if<Eventually>(&expectation.item)) apply(eventually->within);
    if (auto* span = std::get_if<Span>(&expectation.item)) {
      apply(span->at_least);
      apply(span->at_most);
    }
    if (auto* count = std::get_if<Count>(&expectation.item)) apply(count->selector);
    if (auto* never = std::get_if<Never>(&expectation.item)) apply(never->selector);
  }

 private:
  [[nodiscard]] std::int64_t times(std::int64_t value) const {
    return static_cast<std::int64_t>(std::llround(static_cast<double>(value) * factor_));
  }
  double factor_;
};

}  // namespace

void scale(Cell& cell, double factor) {
  if (factor == 1) return;
  const Scale scale(factor);
  for (providers::ProviderSpec& provider : cell.providers) {
    scale.apply(provider.sse);
    for (providers::RouteSpec& route : provider.routes) {
      for (providers::Answer& answer : route.answers) scale.apply(answer);
    }
  }
  if (cell.inference) scale.apply(cell.inference->timeout);
  for (Step& step : cell.steps) scale.apply(step);
  for (Expectation& expectation : cell.expect) scale.apply(expectation);
}

}  // namespace sallyport::sim::scenario
