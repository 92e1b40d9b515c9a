#include "simulator/runner/client_steps.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "reference/net/dialer.h"
#include "simulator/agents/lanes.h"
#include "simulator/runner/resources.h"
#include "simulator/runner/steps.h"
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

struct Way {
  std::optional<agents::Via> via;  // none: direct
  std::shared_ptr<wire::TlsContext> trust;
};

Way through(const Stage& stage, const subject::Subject* supervisor) {
  Way way;
  way.trust = stage.world_trust;
  if (supervisor == nullptr) return way;
  way.via = agents::Via{supervisor->spec().name, supervisor->spec().listen};
  way.trust = stage.trust_of(supervisor->spec().name);
  return way;
}

// A supervisor, or a provider that is a proxy: then the world's CA is trusted, for nobody of whom
// the sandbox knows looks into the TLS.
Way way_of(const Stage& stage, const Step& step) {
  if (step.via == "direct") return through(stage, nullptr);
  if (step.via == "auto") return through(stage, stage.serving(step.from));
  const auto supervisor = stage.subjects.find(step.via);
  if (supervisor != stage.subjects.end()) return through(stage, supervisor->second.get());
  const Stage::Listener proxy = stage.listener_of(step.via);
  Way way = through(stage, nullptr);
  way.via = agents::Via{step.via, net::Endpoint{own_address(proxy.at), proxy.at.port}};
  return way;
}

agents::ClientContext context_for(Stage& stage, const Step& step, const std::string& nonce) {
  Stage* const on = &stage;
  const std::string from = step.from;
  Way way = way_of(stage, step);
  agents::ClientContext context{.step = step.name,
                                .nonce = nonce,
                                .journal = stage.journal,
                                .clock = stage.clock,
                                .executor = stage.loop.executor(),
                                .connect = {},
                                .resolve = {},
                                .via = std::move(way.via),
                                .trust = std::move(way.trust),
                                .actor_at = {},
                                .pool = &stage.pool,
                                .timeout = step.timeout,
                                .from = from};
  context.connect = [on, from](net::Endpoint to, base::TimePoint deadline) {
    return dial(on, from, to, deadline);
  };
  context.resolve = [on, from](std::string name, base::TimePoint deadline) {
    return resolve(on, from, std::move(name), deadline);
  };
  context.actor_at = [on](const net::Endpoint& at) { return on->actor_at(at); };
  return context;
}

void expand_texts(agents::RequestSpec& spec, const journal::Lookup& lookup) {
  const auto fill = [&lookup](std::string& text) { text = journal::expand(text, lookup, true); };
  fill(spec.url);
  for (auto& [name, value] : spec.headers) fill(value);
  if (spec.body) fill(*spec.body);
  if (spec.json) fill(*spec.json);
  fill(spec.tls.sni);
  if (spec.abort) spec.abort = journal::expand(*spec.abort, lookup);
}

void expand_texts(agents::RawSpec& spec, const journal::Lookup& lookup) {
  const auto fill = [&lookup](std::string& text) { text = journal::expand(text, lookup, true); };
  fill(spec.to);
  fill(spec.tls.sni);
  for (wire::Move& move : spec.moves) {
    fill(move.bytes);
    move.selector = journal::expand(move.selector, lookup);
  }
}

void expand_texts(agents::WebSocketSpec& spec, const journal::Lookup& lookup) {
  const auto fill = [&lookup](std::string& text) { text = journal::expand(text, lookup, true); };
  fill(spec.url);
  fill(spec.tls.sni);
  for (auto& [name, value] : spec.headers) fill(value);
  for (std::string& protocol : spec.subprotocols) fill(protocol);
  for (wire::WebSocketMove& move : spec.moves) {
    fill(move.bytes);
    move.matcher = journal::expand(move.matcher, lookup);
    move.selector = journal::expand(move.selector, lookup);
  }
}

// A script of octets, or of messages.
template <class Spec>
net::Task<agents::Facts> scripted(Stage& stage, const Step& step, Spec spec, std::string nonce) {
  expand_texts(spec, stage.step_lookup(nonce));
  agents::ClientContext context = context_for(stage, step, nonce);
  co_return co_await agents::perform(std::move(spec), context);
}

// The lanes of a repeated step keep a connection each, from one exchange to the next: the step's
// own, or that which it names.
std::string lane_connection(const Step& step, std::uint64_t lane) {
  const auto* const request = std::get_if<agents::RequestSpec>(&step.verb);
  if (request == nullptr || step.repeat == 1) return {};
  if (!request->connection.empty() && lane == 0) return request->connection;
  return fmt::format("{}#{}", step.name, lane);  // a name has no #
}

// One exchange, with a nonce of its own.
net::Task<Outcome> attempt(Stage& stage, const Step& step, std::uint64_t lane) {
  const std::string nonce = stage.mint_nonce(step.name);
  const journal::Lookup lookup = stage.step_lookup(nonce);
  Outcome outcome;
  outcome.expect = expanded(step, lookup);
  if (const auto* const request = std::get_if<agents::RequestSpec>(&step.verb)) {
    agents::RequestSpec spec = *request;
    expand_texts(spec, lookup);
    const std::string connection = lane_connection(step, lane);
    spec.reconnects = !connection.empty() && connection != spec.connection;
    if (spec.reconnects) spec.connection = connection;
    agents::ClientContext context = context_for(stage, step, nonce);
    outcome.facts = co_await agents::perform(std::move(spec), context);
  } else if (const auto* const raw = std::get_if<agents::RawSpec>(&step.verb)) {
    outcome.facts = co_await scripted(stage, step, *raw, nonce);
  } else if (const auto* const socket = std::get_if<agents::WebSocketSpec>(&step.verb)) {
    outcome.facts = co_await scripted(stage, step, *socket, nonce);
  } else if (std::holds_alternative<agents::GateSpec>(step.verb)) {
    outcome.facts = co_await run_gate(stage, step, nonce);
  } else {
    outcome.facts = co_await run_command(stage, step, nonce);
  }
  co_return outcome;
}

// One repetition: attempts until the expectation holds, as long as `retry` allows.
net::Task<Outcome> repetition(Stage& stage, const Step& step, std::uint64_t lane) {
  const base::TimePoint until = stage.clock.now() + step.retry.value_or(base::Duration{0});
  std::int64_t attempts = 1;
  Outcome outcome = co_await attempt(stage, step, lane);
  while (step.retry && !holds(outcome) && stage.clock.now() + kRetryGap < until) {
    co_await stage.clock.sleep_until(stage.clock.now() + kRetryGap);
    outcome = co_await attempt(stage, step, lane);
    ++attempts;
  }
  outcome.facts["attempts"] = attempts;
  co_return outcome;
}

net::Task<void> perform_one(Stage* stage, const Step* step, std::uint64_t lane) {
  Outcome outcome = co_await repetition(*stage, *step, lane);
  StepRecord& record = stage->records[step->name];
  outcome.facts["exchanges"] = static_cast<std::int64_t>(record.exchanges() + 1);
  record.add(std::move(outcome));
  sample_resources(*stage, *step, record.exchanges());
}

// What ends the repetitions early: `until`, else the `abort` that has reset what was under way.
std::optional<journal::Selector> end_of(const Step& step, const journal::Lookup& lookup) {
  const auto* const request = std::get_if<agents::RequestSpec>(&step.verb);
  if (step.until) return journal::expand(*step.until, lookup);
  if (request == nullptr || !request->abort) return std::nullopt;
  return journal::expand(*request->abort, lookup);
}

}  // namespace

std::map<std::string, journal::Matcher> expanded(const Step& step, const journal::Lookup& lookup) {
  std::map<std::string, journal::Matcher> all;
  for (const auto& [fact, matcher] : step.expect) all[fact] = journal::expand(matcher, lookup);
  return all;
}

net::Task<void> perform_client(Stage& stage, const Step& step) {
  agents::Repetition how;
  how.times = step.repeat;
  how.lanes = step.connections;
  how.interval = step.interval;
  how.until = end_of(step, stage.lookup());
  Stage* const on = &stage;
  const Step* const what = &step;
  const agents::OneTime once = [on, what](std::uint64_t lane) {
    return perform_one(on, what, lane);
  };
  co_await agents::repeat(std::move(how), once, stage.journal, stage.clock, stage.group);
  const std::uint64_t lanes = std::min(step.connections, step.repeat);
  for (std::uint64_t lane = 0; lane < lanes; ++lane) {
    stage.pool.close(fmt::format("{}#{}", step.name, lane));
  }
}

}  // namespace sallyport::sim::runner
