#include "simulator/runner/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "reference/base/scalars.h"
#include "simulator/runner/checkers.h"

namespace sallyport::sim::runner {
namespace {

using journal::Event;
using journal::Selector;
using scenario::Expectation;

bool before(const Event& a, const Event& b) {
  return std::tie(a.at, a.sequence) < std::tie(b.at, b.sequence);
}

// The event of the selector's source and kind that misses it by the least, told.
std::vector<std::string> nearest_note(const journal::Journal& journal, const Selector& selector) {
  const Event* best = nullptr;
  journal::Miss best_miss;
  for (const Event& event : journal.events()) {
    Selector bare = selector;
    bare.where.clear();
    if (!journal::fits(event, bare)) continue;
    const journal::Miss miss = journal::misses(event, selector);
    if (best == nullptr || miss.fields < best_miss.fields) {
      best = &event;
      best_miss = miss;
    }
  }
  if (best == nullptr)
    return {fmt::format("no {}.{} happened at all", selector.source, selector.kind)};
  if (best_miss.fields == 0) return {};
  return {fmt::format("the nearest {}.{}: {}", selector.source, selector.kind, best_miss.text)};
}

// The sources that an item speaks of.
std::vector<std::string> lanes_of(const Expectation& item) {
  std::vector<std::string> lanes;
  const auto add = [&lanes](const Selector& selector) { lanes.push_back(selector.source); };
  if (const auto* const count = std::get_if<scenario::Count>(&item.item)) add(count->selector);
  if (const auto* const never = std::get_if<scenario::Never>(&item.item)) add(never->selector);
  if (const auto* const always = std::get_if<scenario::Always>(&item.item)) add(always->selector);
  if (const auto* const one = std::get_if<scenario::Eventually>(&item.item)) add(one->selector);
  if (const auto* const ordered = std::get_if<scenario::Ordered>(&item.item)) {
    for (const Selector& selector : ordered->selectors) add(selector);
  }
  if (const auto* const span = std::get_if<scenario::Span>(&item.item)) {
    add(span->from);
    add(span->to);
  }
  if (const auto* const compare = std::get_if<scenario::Compare>(&item.item))
    lanes = compare->steps;
  if (item.witness) add(item.witness->selector);
  return lanes;
}

Failure failure_at(const Expectation& item, std::string claim) {
  Failure failure;
  failure.lanes = lanes_of(item);
  failure.claim = std::move(claim);
  failure.file = item.place.file;
  failure.mark = item.place.mark;
  if (item.record) failure.record_mark = item.record->mark;
  return failure;
}

// One `expect` item over the journal; at most one failure each.
class ItemJudge {
 public:
  ItemJudge(const Case& of, const Expectation& item) : of_(of), item_(item) {}

  std::optional<Failure> operator()(const scenario::Count& count) const {
    const auto found = select(count.selector);
    const std::uint64_t number = found.size();
    if ((!count.at_least || number >= *count.at_least) &&
        (!count.at_most || number <= *count.at_most)) {
      return std::nullopt;
    }
    Failure failure = failure_at(item_, "count " + count.selector.to_string());
    failure.expected =
        count.at_least == count.at_most
            ? std::to_string(count.at_least.value_or(0))
            : fmt::format("{}{}",
                          count.at_least ? fmt::format("at least {} ", *count.at_least) : "",
                          count.at_most ? fmt::format("at most {}", *count.at_most) : "");
    failure.observed = std::to_string(number);
    if (count.at_least && number < *count.at_least)
      failure.notes = nearest_note(of_.journal, expanded(count.selector));
    return failure;
  }

  std::optional<Failure> operator()(const scenario::Never& never) const {
    const auto found = select(never.selector, true);
    if (found.empty()) return std::nullopt;
    Failure failure = failure_at(item_, "never " + never.selector.to_string());
    failure.expected = "no such event";
    failure.observed =
        fmt::format("{} of them, first: {}", found.size(), draw(*found.front(), began()));
    return failure;
  }

  std::optional<Failure> operator()(const scenario::Always& always) const {
    const auto found = select(always.selector);
    for (const Event* const event : found) {
      Selector wanted;
      wanted.source = event->source;
      wanted.kind = event->kind;
      for (const auto& [field, matcher] : always.has) {
        wanted.where[field] = journal::expand(matcher, of_.lookup);
      }
      if (journal::fits(*event, wanted)) continue;
      Failure failure = failure_at(item_, "always " + always.selector.to_string());
      failure.expected = "each " + wanted.to_string();
      failure.observed = journal::misses(*event, wanted).text;
      failure.notes.push_back(draw(*event, began()));
      return failure;
    }
    if (found.size() >= always.at_least) return std::nullopt;
    Failure failure = failure_at(item_, "always " + always.selector.to_string());
    failure.verdict = Verdict::vacuous;
    failure.expected = fmt::format("at least {} such events", always.at_least);
    failure.observed = std::to_string(found.size());
    failure.notes = nearest_note(of_.journal, expanded(always.selector));
    return failure;
  }

  std::optional<Failure> operator()(const scenario::Eventually& eventually) const {
    const base::TimePoint start = counted_from(of_.journal, eventually.selector);
    for (const Event* const event : select(eventually.selector)) {
      if (event->at - start <= eventually.within) return std::nullopt;
    }
    Failure failure = failure_at(item_, "eventually " + eventually.selector.to_string());
    failure.expected = fmt::format("one within {}", base::format_duration(eventually.within));
    failure.observed = "none in time";
    failure.notes = nearest_note(of_.journal, expanded(eventually.selector));
    return failure;
  }

  std::optional<Failure> operator()(const scenario::Ordered& ordered) const {
    const Event* last = nullptr;
    for (const Selector& selector : ordered.selectors) {
      const Event* next = nullptr;
      for (const Event* const event : select(selector)) {
        if (event->late || (last != nullptr && !before(*last, *event))) continue;
        next = event;
        break;
      }
      if (next == nullptr) {
        Failure failure = failure_at(item_, "ordered");
        failure.expected =
            selector.to_string() + (last == nullptr ? "" : " after " + draw(*last, began()));
        failure.observed = "none there";
        failure.notes = nearest_note(of_.journal, expanded(selector));
        return failure;
      }
      last = next;
    }
    return std::nullopt;
  }

  std::optional<Failure> operator()(const scenario::Span& span) const {
    const Event* const from = first_after(span.from, nullptr);
    const Event* const to = from == nullptr ? nullptr : first_after(span.to, from);
    Failure failure = failure_at(
        item_, fmt::format("span from {} to {}", span.from.to_string(), span.to.to_string()));
    if (to == nullptr) {
      failure.expected = "both events";
      failure.observed = from == nullptr ? "no start" : "no end after the start";
      failure.notes = nearest_note(of_.journal, expanded(from == nullptr ? span.from : span.to));
      return failure;
    }
    const base::Duration length = to->at - from->at;
    if ((!span.at_least || length >= *span.at_least) &&
        (!span.at_most || length <= *span.at_most)) {
      return std::nullopt;
    }
    failure.expected = fmt::format(
        "{}{}", span.at_least ? "at least " + base::format_duration(*span.at_least) + " " : "",
        span.at_most ? "at most " + base::format_duration(*span.at_most) : "");
    failure.observed =
        fmt::format("{:.3f} ms", std::chrono::duration<double, std::milli>(length).count());
    return failure;
  }

  std::optional<Failure> operator()(const scenario::Compare& compare) const {
    const journal::Value* const a = fact(compare.steps.at(0), compare.fact);
    const journal::Value* const b = fact(compare.steps.at(1), compare.fact);
    Failure failure =
        failure_at(item_, fmt::format("{}: {} of {} and {}", compare.differs ? "differs" : "same",
                                      compare.fact, compare.steps[0], compare.steps[1]));
    failure.expected = compare.differs ? "two different values" : "one value";
    failure.observed = fmt::format("{} and {}", journal::describe(a), journal::describe(b));
    if (a == nullptr || b == nullptr) {
      failure.verdict = Verdict::vacuous;
      return failure;
    }
    if ((*a == *b) == compare.differs) return failure;
    return std::nullopt;
  }

  std::optional<Failure> operator()(const scenario::Checker& checker) const {
    auto found = check(checker, of_);
    if (!found) return std::nullopt;
    Failure failure = failure_at(item_, "checker " + checker.name);
    failure.verdict = found->verdict;
    failure.expected = std::move(found->expected);
    failure.observed = std::move(found->observed);
    failure.notes = std::move(found->notes);
    for (std::string& lane : found->lanes) failure.lanes.push_back(std::move(lane));
    return failure;
  }

 private:
  [[nodiscard]] Selector expanded(const Selector& selector) const {
    return journal::expand(selector, of_.lookup);
  }
  [[nodiscard]] std::vector<const Event*> select(const Selector& selector,
                                                 bool lenient = false) const {
    return of_.journal.select(expanded(selector), lenient);
  }
  [[nodiscard]] const Event* first_after(const Selector& selector, const Event* after) const {
    for (const Event* const event : select(selector)) {
      if (!event->late && (after == nullptr || before(*after, *event))) return event;
    }
    return nullptr;
  }
  [[nodiscard]] base::TimePoint began() const {
    return of_.journal.events().empty() ? base::TimePoint{} : of_.journal.events().front().at;
  }
  [[nodiscard]] const journal::Value* fact(const std::string& step, const std::string& name) const {
    const auto found = of_.steps.find(step);
    if (found == of_.steps.end() || found->second.outcomes.empty()) return nullptr;
    const agents::Facts& facts = found->second.outcomes.back().facts;
    const auto value = facts.find(name);
    return value == facts.end() ? nullptr : &value->second;
  }

  const Case& of_;
  const Expectation& item_;
};

std::optional<Failure> missing_witness(const Case& of, const Expectation& item) {
  if (!item.witness) return std::nullopt;
  const Selector selector = journal::expand(item.witness->selector, of.lookup);
  const std::uint64_t found = of.journal.select(selector).size();
  if (found >= item.witness->at_least) return std::nullopt;
  Failure failure = failure_at(item, "witness " + item.witness->selector.to_string());
  failure.verdict = Verdict::vacuous;
  failure.expected = fmt::format("at least {}", item.witness->at_least);
  failure.observed = std::to_string(found);
  failure.notes = nearest_note(of.journal, selector);
  return failure;
}

// One expectation of a step that didn't hold.
struct Broken {
  std::size_t failure = 0;  // its place in the list
  std::uint64_t times = 0;
};

Failure step_failure(const scenario::Step& step, std::string claim) {
  Failure failure;
  failure.lanes = {step.name};
  failure.claim = std::move(claim);
  failure.file = step.expect_place.file;
  failure.mark = step.expect_place.mark;
  return failure;
}

// Of thousands of repetitions that break one expectation, the first is told, and how many there
// are.
void judge_outcome(const scenario::Step& step, const Outcome& outcome,
                   std::map<std::string, Broken>& broken, std::vector<Failure>& failures) {
  for (const auto& [fact, matcher] : outcome.expect) {
    const auto found = outcome.facts.find(fact);
    const journal::Value* const value = found == outcome.facts.end() ? nullptr : &found->second;
    if (journal::fits(value, matcher)) continue;
    const auto [place, first] = broken.emplace(fact, Broken{failures.size(), 0});
    ++place->second.times;
    if (!first) continue;
    Failure failure = step_failure(step, fmt::format("{}: {}", step.name, fact));
    failure.expected = journal::describe(matcher);
    failure.observed = journal::describe(value);
    if (matcher.mark.line > 0) {
      failure.file = matcher.file;
      failure.mark = matcher.mark;
    }
    failure.record_mark = matcher.record_mark;
    for (const char* const told : {"class", "phase", "errno", "rcode", "http_connect", "status",
                                   "error", "answered_by", "exit", "stderr", "code", "detail"}) {
      const auto other = outcome.facts.find(told);
      if (other != outcome.facts.end() && told != fact) {
        failure.notes.push_back(fmt::format("{}: {}", told, journal::describe(&other->second)));
      }
    }
    failures.push_back(std::move(failure));
  }
}

void judge_outcomes(const scenario::Step& step, const StepRecord& record,
                    std::vector<Failure>& failures) {
  std::map<std::string, Broken> broken;
  for (const Outcome& outcome : record.outcomes) judge_outcome(step, outcome, broken, failures);
  if (record.exchanges() < 2) return;
  for (const auto& [fact, what] : broken) {
    failures[what.failure].notes.push_back(
        fmt::format("{} of {} exchanges broke this", what.times, record.exchanges()));
  }
}

}  // namespace

base::TimePoint counted_from(const journal::Journal& journal, const Selector& selector) {
  base::TimePoint at{};
  for (const Event& event : journal.events()) {
    if (event.source_type != "step" || event.kind != "done") continue;
    if (selector.since.empty() || event.source == selector.since) at = std::max(at, event.at);
  }
  return at;
}

std::vector<Failure> judge(const Case& of) {
  std::vector<Failure> failures;
  for (const scenario::Step& step : of.cell.steps) {
    const auto record = of.steps.find(step.name);
    if (record == of.steps.end() || !record->second.done) {
      const bool started = record != of.steps.end() && record->second.started;
      Failure failure = step_failure(step, fmt::format("{}: done", step.name));
      failure.verdict = Verdict::timeout;
      failure.expected = "the step is performed within the scenario's timeout";
      failure.observed = started ? "it began and didn't end" : "it never began";
      failures.push_back(std::move(failure));
      continue;
    }
    judge_outcomes(step, record->second, failures);
  }
  for (const Expectation& item : of.cell.expect) {
    auto failure = std::visit(ItemJudge(of, item), item.item);
    if (!failure) failure = missing_witness(of, item);
    if (failure) failures.push_back(std::move(*failure));
  }
  return failures;
}

Verdict verdict_of(const std::vector<Failure>& failures, bool known_issue) {
  Verdict worst = Verdict::pass;
  for (const Failure& failure : failures) worst = std::min(worst, failure.verdict);
  if (known_issue && worst == Verdict::fail) return Verdict::xfail;
  if (known_issue && worst == Verdict::pass) return Verdict::xpass;
  return worst;
}

std::string draw(const Event& event, base::TimePoint began) {
  const double ms = std::chrono::duration<double, std::milli>(event.at - began).count();
  std::string text = fmt::format("+{:.3f} ms  {}.{}", ms, event.source, event.kind);
  if (!event.connection.empty()) text += "  " + event.connection;
  if (!event.from.empty()) text += " from=" + event.from;
  if (!event.step.empty() && event.step != event.source) text += " step=" + event.step;
  for (const auto& [name, value] : event.fields) {
    if (name == "headers" || name == "json") continue;
    text += fmt::format(" {}={}", name, journal::describe(&value));
  }
  return text;
}

}  // namespace sallyport::sim::runner
