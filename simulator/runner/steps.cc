#include "simulator/runner/steps.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "reference/net/dialer.h"
#include "simulator/journal/waiter.h"
#include "simulator/topology/dns_client.h"

namespace sallyport::sim::runner {
namespace {

using scenario::Step;

constexpr base::Duration kRetryGap = std::chrono::milliseconds(20);

net::Task<agents::Dialled> dial(Stage* stage, std::string from, net::Endpoint to,
                                base::TimePoint deadline) {
  agents::Dialled dialled;
  const int family = to.address.is_v4() ? AF_INET : AF_INET6;
  auto socket = stage->hosts->socket(from, family, SOCK_STREAM);
  if (!socket) {
    dialled.error = socket.error().value();
    co_return dialled;
  }
  base::UniqueFd fd = std::move(*socket);
  auto connected = co_await net::connect_fd(stage->loop.executor(), stage->deadlines, std::move(fd),
                                            to, deadline);
  if (connected) {
    dialled.stream = std::move(*connected);
  } else {
    dialled.error = connected.error().value();
    dialled.expired = dialled.error == ETIMEDOUT && stage->clock.now() >= deadline;
  }
  co_return dialled;
}

net::Task<agents::Resolved> resolve(Stage* stage, std::string from, std::string name,
                                    base::TimePoint deadline) {
  const net::Executor executor = stage->loop.executor();
  topology::Lookup found =
      co_await topology::lookup(*stage->hosts, executor, stage->deadlines, from, name, deadline);
  agents::Resolved resolved;
  resolved.addresses = std::move(found.addresses);
  resolved.rcode = std::move(found.rcode);
  co_return resolved;
}

agents::ClientContext context_for(Stage& stage, const Step& step, const std::string& nonce) {
  Stage* const on = &stage;
  const std::string from = step.from;
  agents::ClientContext context{step.name,
                                nonce,
                                stage.journal,
                                stage.clock,
                                stage.loop.executor(),
                                {},
                                {},
                                {},
                                {},
                                {},
                                nullptr,
                                {},
                                {}};
  context.connect = [on, from](net::Endpoint to, base::TimePoint deadline) {
    return dial(on, from, to, deadline);
  };
  context.resolve = [on, from](std::string name, base::TimePoint deadline) {
    return resolve(on, from, std::move(name), deadline);
  };
  context.actor_at = [on](const net::Endpoint& at) { return on->actor_at(at); };
  subject::Subject* const serving = step.via == "direct" ? nullptr : stage.serving(step.from);
  if (serving != nullptr) {
    agents::Via via;
    via.name = serving->spec().name;
    via.endpoint = serving->spec().listen;
    context.via = std::move(via);
  }
  context.trust = serving != nullptr ? stage.sandbox_trust : stage.world_trust;
  context.pool = &stage.pool;
  context.timeout = step.timeout;
  context.from = step.from;
  return context;
}

void expand_texts(agents::RequestSpec& spec, const journal::Lookup& lookup) {
  const auto fill = [&lookup](std::string& text) { text = journal::expand(text, lookup, true); };
  fill(spec.url);
  for (auto& [name, value] : spec.headers) fill(value);
  if (spec.body) fill(*spec.body);
  if (spec.json) fill(*spec.json);
  fill(spec.tls_sni);
  if (spec.abort) spec.abort = journal::expand(*spec.abort, lookup);
}

std::map<std::string, journal::Matcher> expanded(const Step& step, const journal::Lookup& lookup) {
  std::map<std::string, journal::Matcher> all;
  for (const auto& [fact, matcher] : step.expect) all[fact] = journal::expand(matcher, lookup);
  return all;
}

bool holds(const Outcome& outcome) {
  return std::all_of(outcome.expect.begin(), outcome.expect.end(), [&outcome](const auto& item) {
    const auto found = outcome.facts.find(item.first);
    return journal::fits(found == outcome.facts.end() ? nullptr : &found->second, item.second);
  });
}

// One exchange, with a nonce of its own.
net::Task<Outcome> attempt(Stage& stage, const Step& step) {
  const std::string nonce = stage.mint_nonce(step.name);
  const journal::Lookup lookup = stage.step_lookup(nonce);
  Outcome outcome;
  outcome.expect = expanded(step, lookup);
  if (const auto* const request = std::get_if<agents::RequestSpec>(&step.verb)) {
    agents::RequestSpec spec = *request;
    expand_texts(spec, lookup);
    agents::ClientContext context = context_for(stage, step, nonce);
    outcome.facts = co_await agents::perform(std::move(spec), context);
  } else {
    outcome.facts = co_await run_command(stage, step, nonce);
  }
  co_return outcome;
}

// One repetition: attempts until the expectation holds, as long as `retry` allows.
net::Task<Outcome> repetition(Stage& stage, const Step& step) {
  const base::TimePoint until = stage.clock.now() + step.retry.value_or(base::Duration{0});
  std::int64_t attempts = 1;
  Outcome outcome = co_await attempt(stage, step);
  while (step.retry && !holds(outcome) && stage.clock.now() + kRetryGap < until) {
    co_await stage.clock.sleep_until(stage.clock.now() + kRetryGap);
    outcome = co_await attempt(stage, step);
    ++attempts;
  }
  outcome.facts["attempts"] = attempts;
  co_return outcome;
}

net::Task<void> perform_client(Stage& stage, const Step& step) {
  StepRecord& record = stage.records[step.name];
  for (std::uint64_t i = 0; i < step.repeat; ++i) {
    Outcome outcome = co_await repetition(stage, step);
    outcome.facts["exchanges"] = static_cast<std::int64_t>(i + 1);
    record.outcomes.push_back(std::move(outcome));
  }
}

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
  } else {
    // What the subject wrote before is not this step's, and what it wrote before it answered is.
    if (stage.subject) stage.subject->drain_audit();
    stage.under_way.insert(step.name);
    co_await perform_client(stage, step);
    if (stage.subject) stage.subject->drain_audit();
    stage.under_way.erase(step.name);
    stage.last_under_way = step.name;
  }
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

net::Task<void> await_eventually(Stage& stage, base::TimePoint steps_done) {
  for (const scenario::Expectation& item : stage.cell.expect) {
    const auto* const eventually = std::get_if<scenario::Eventually>(&item.item);
    if (eventually == nullptr) continue;
    const journal::Selector selector = journal::expand(eventually->selector, stage.lookup());
    const base::TimePoint until = steps_done + eventually->within;
    static_cast<void>(co_await journal::wait_for(stage.journal, selector, until, stage.clock));
  }
}

}  // namespace sallyport::sim::runner
