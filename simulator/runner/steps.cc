#include "simulator/runner/steps.h"

#include <algorithm>

#include "simulator/journal/waiter.h"
#include "simulator/runner/client_steps.h"
#include "simulator/runner/control_steps.h"
#include "simulator/runner/judge.h"

namespace sallyport::sim::runner {
namespace {

using scenario::Step;

net::Task<bool> wait_for_turn(Stage& stage, const Step& step, base::TimePoint deadline) {
  journal::Selector selector;
  if (!step.after_step.empty()) {
    selector.source = step.after_step;
    selector.kind = "done";
  } else if (step.after_event) {
    selector = journal::expand(*step.after_event, stage.lookup());
  } else {
    co_return true;
  }
  co_return co_await journal::wait_for(stage.journal, selector, deadline, stage.clock);
}

net::Task<void> perform_step(Stage& stage, const Step& step, base::TimePoint deadline) {
  if (!co_await wait_for_turn(stage, step, deadline)) co_return;
  StepRecord& record = stage.records[step.name];
  record.started = true;
  stage.note(step.name, "start", {});
  if (const auto* const pause = std::get_if<agents::PauseSpec>(&step.verb)) {
    co_await stage.clock.sleep_until(stage.clock.now() + pause->duration);
    record.outcomes.push_back({{{"class", std::string("ok")}}, expanded(step, stage.lookup())});
  } else if (is_control(step)) {
    Outcome outcome;
    outcome.facts = co_await perform_control(stage, step);
    outcome.expect = expanded(step, stage.lookup());
    record.outcomes.push_back(std::move(outcome));
  } else {
    // What processes wrote before is not this step's, and what they wrote before it ended is.
    stage.drain();
    stage.under_way.insert(step.name);
    co_await perform_client(stage, step);
    stage.drain();
    stage.under_way.erase(step.name);
    stage.last_under_way = step.name;
  }
  // The scenario's end cut it short: that is a timeout, whatever came of it.
  if (stage.clock.now() >= deadline) co_return;
  record.done = true;
  stage.note(step.name, "done",
             record.outcomes.empty() ? agents::Facts{} : record.outcomes.back().facts);
}

net::Task<void> in_background(Stage* stage, const Step* step, base::TimePoint deadline) {
  co_await perform_step(*stage, *step, deadline);
}

bool all_done(const Stage& stage) {
  return std::all_of(stage.cell.steps.begin(), stage.cell.steps.end(), [&stage](const Step& step) {
    const auto record = stage.records.find(step.name);
    return record != stage.records.end() && record->second.done;
  });
}

net::Task<bool> wait_until_done(Stage& stage, const std::string& step, base::TimePoint deadline) {
  journal::Selector selector;
  selector.source = step;
  selector.kind = "done";
  co_return co_await journal::wait_for(stage.journal, selector, deadline, stage.clock);
}

}  // namespace

net::Task<void> perform_steps(Stage& stage, base::TimePoint deadline) {
  for (const Step& step : stage.cell.steps) {
    if (stage.clock.now() >= deadline) co_return;
    stage.group.spawn(in_background(&stage, &step, deadline));
    if (step.background) continue;
    const bool done = co_await wait_until_done(stage, step.name, deadline);
    if (!done) co_return;
  }
  for (const Step& step : stage.cell.steps) {
    if (all_done(stage)) co_return;
    const bool done = co_await wait_until_done(stage, step.name, deadline);
    if (!done) co_return;
  }
}

net::Task<void> await_eventually(Stage& stage) {
  for (const scenario::Expectation& item : stage.cell.expect) {
    const auto* const eventually = std::get_if<scenario::Eventually>(&item.item);
    if (eventually == nullptr) continue;
    const journal::Selector selector = journal::expand(eventually->selector, stage.lookup());
    const base::TimePoint until = counted_from(stage.journal, selector) + eventually->within;
    static_cast<void>(co_await journal::wait_for(stage.journal, selector, until, stage.clock));
  }
}

}  // namespace sallyport::sim::runner
