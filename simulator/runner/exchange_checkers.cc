#include "simulator/runner/exchange_checkers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "simulator/runner/resources.h"

namespace sallyport::sim::runner {
namespace {

using journal::Event;

#ifdef SALLYPORT_SANITIZED
constexpr bool kKeepsFreedMemory = true;
#else
constexpr bool kKeepsFreedMemory = false;
#endif

std::string text(const Event& event, std::string_view field) {
  const auto found = event.fields.find(field);
  if (found == event.fields.end()) return {};
  const auto* const plain = std::get_if<std::string>(&found->second);
  return plain == nullptr ? std::string() : *plain;
}

std::int64_t number(const Event& event, std::string_view field) {
  const auto found = event.fields.find(field);
  if (found == event.fields.end()) return 0;
  const auto* const value = std::get_if<std::int64_t>(&found->second);
  return value == nullptr ? 0 : *value;
}

Failure finding(std::string expected, std::string observed) {
  Failure failure;
  failure.expected = std::move(expected);
  failure.observed = std::move(observed);
  return failure;
}

Failure vacuous(std::string expected, std::string observed) {
  Failure failure = finding(std::move(expected), std::move(observed));
  failure.verdict = Verdict::vacuous;
  return failure;
}

// In the order of their stamps: services tell what they did a little later.
std::vector<const Event*> in_time(const Case& of) {
  std::vector<const Event*> events;
  for (const Event& event : of.journal.events()) events.push_back(&event);
  std::stable_sort(events.begin(), events.end(), [](const Event* a, const Event* b) {
    return std::tie(a->at, a->sequence) < std::tie(b->at, b->sequence);
  });
  return events;
}

// What one request met.
struct Chain {
  std::vector<std::string> met;
  bool denied = false;   // by the last of them
  bool reached = false;  // the provider that is named
  const Event* last = nullptr;
};

bool whole(const Chain& chain, const std::vector<std::string>& order) {
  if (chain.met.size() > order.size()) return false;
  if (!std::equal(chain.met.begin(), chain.met.end(), order.begin())) return false;
  return chain.met.size() == order.size() || (chain.denied && !chain.reached);
}

// The requests of the built-in client that a supervisor took, by step: whoever was answered.
std::map<std::string, std::uint64_t> exchanges_taken(const Case& of) {
  std::set<std::string> through;
  for (const scenario::Step& step : of.cell.steps) {
    if (!std::holds_alternative<agents::RequestSpec>(step.verb) || step.via == "direct") continue;
    for (const scenario::Supervisor& supervisor : of.cell.supervisors) {
      const bool its =
          step.via == supervisor.name || (step.via == "auto" && supervisor.serves == step.from);
      if (its) through.insert(step.name);
    }
  }
  std::map<std::string, std::uint64_t> taken;
  for (const Event& event : of.journal.events()) {
    if (event.kind != "outcome" || !through.contains(event.source)) continue;
    const std::string name = text(event, "class");
    const bool nobody = name == "proxy_unreachable" || name == "aborted" || name == "closed";
    if (!nobody) ++taken[event.source];
  }
  return taken;
}

// How many of a step's audit events say what became of an exchange.
struct Told {
  std::uint64_t terminal = 0;
  std::uint64_t denied_by_middleware = 0;
  std::uint64_t unreachable = 0;  // the only one of an exchange, unless it had been allowed before
  const Event* last = nullptr;
};

std::map<std::string, Told> told_by_step(const Case& of) {
  std::map<std::string, Told> told;
  for (const Event& event : of.journal.events()) {
    if (event.source_type != "supervisor" || event.kind != "audit") continue;
    const std::string name = text(event, "class");
    const bool denied = text(event, "action") == "Denied";
    const bool http = name == "HTTP Activity";
    const bool by_middleware = http && text(event, "message").starts_with("MIDDLEWARE ");
    Told& step = told[event.step];
    if (by_middleware && denied) ++step.denied_by_middleware;
    if (name == "Network Activity" && text(event, "activity") == "Fail") ++step.unreachable;
    const bool terminal = (http && !by_middleware) || name == "API Activity" ||
                          (name == "Network Activity" && denied);
    if (!terminal) continue;
    ++step.terminal;
    step.last = &event;
  }
  return told;
}

// Of a tenth of the samples, by the middle one, so that a single peak says nothing.
struct Level {
  std::int64_t rss = 0;
  std::int64_t fds = 0;
};

Level level_of(std::vector<const Event*>::const_iterator from,
               std::vector<const Event*>::const_iterator to) {
  std::vector<std::int64_t> rss;
  std::vector<std::int64_t> fds;
  for (auto at = from; at != to; ++at) {
    rss.push_back(number(**at, "rss"));
    fds.push_back(number(**at, "fds"));
  }
  const auto middle = static_cast<std::ptrdiff_t>(rss.size() / 2);
  std::nth_element(rss.begin(), rss.begin() + middle, rss.end());
  std::nth_element(fds.begin(), fds.begin() + middle, fds.end());
  return {rss[static_cast<std::size_t>(middle)], fds[static_cast<std::size_t>(middle)]};
}

}  // namespace

std::optional<Failure> chain_order(const scenario::Checker& checker, const Case& of) {
  const std::vector<std::string>& order = checker.middleware;
  std::map<std::string, Chain> chains;  // by nonce
  for (const Event* const event : in_time(of)) {
    const std::string nonce = text(*event, "nonce");
    if (nonce.empty()) continue;
    const bool named = std::find(order.begin(), order.end(), event->source) != order.end();
    if (event->kind == "evaluate" && named) {
      Chain& chain = chains[nonce];
      chain.met.push_back(event->source);
      chain.denied = text(*event, "decision") == "deny";
      chain.last = event;
    }
    const bool arrived = event->kind == "request" && event->source == checker.provider;
    if (!arrived || checker.provider.empty()) continue;
    chains[nonce].reached = true;
    chains[nonce].last = event;
  }
  for (const auto& [nonce, chain] : chains) {
    if (whole(chain, order)) continue;
    Failure failure =
        finding(fmt::format("{}", fmt::join(order, ", then ")),
                chain.met.empty() ? "none of them" : fmt::format("{}", fmt::join(chain.met, ", ")));
    failure.notes.push_back(draw(*chain.last, of.journal.events().front().at));
    failure.lanes = order;
    return failure;
  }
  if (!chains.empty()) return std::nullopt;
  return vacuous("a request that one of them evaluated", "none");
}

std::optional<Failure> audit_complete(const Case& of) {
  const std::map<std::string, std::uint64_t> taken = exchanges_taken(of);
  std::map<std::string, Told> told = told_by_step(of);
  for (const auto& [step, exchanges] : taken) {
    const Told& said = told[step];
    const bool lacks = said.terminal + said.denied_by_middleware + said.unreachable < exchanges;
    if (!lacks && said.terminal <= exchanges) continue;
    Failure failure = finding(
        fmt::format("one event about the end of each of the {} exchanges of {}", exchanges, step),
        fmt::format("{}{}", said.terminal,
                    said.denied_by_middleware > 0
                        ? fmt::format(", and {} denials by middleware", said.denied_by_middleware)
                        : ""));
    if (said.last != nullptr)
      failure.notes.push_back("the last: " + draw(*said.last, of.journal.events().front().at));
    if (told.contains(""))
      failure.notes.push_back("audit events whose step couldn't be told count for none");
    failure.lanes.push_back(step);
    return failure;
  }
  if (!taken.empty()) return std::nullopt;
  return vacuous("a request through a supervisor", "none");
}

std::optional<Failure> resources_flat(const scenario::Checker& checker, const Case& of) {
  std::vector<const Event*> samples;
  for (const Event& event : of.journal.events()) {
    if (event.source == checker.actor && event.kind == kResourcesKind &&
        event.step == checker.step) {
      samples.push_back(&event);
    }
  }
  constexpr std::ptrdiff_t kParts = 10;
  const auto count = static_cast<std::ptrdiff_t>(samples.size());
  if (count < kParts)
    return vacuous("at least ten samples, of as many repetitions", std::to_string(count));
  const std::ptrdiff_t tenth = count / kParts;
  const Level first = level_of(samples.begin(), samples.begin() + tenth);
  const Level last = level_of(samples.end() - tenth, samples.end());
  const auto rss = static_cast<std::int64_t>(checker.rss);
  const auto fds = static_cast<std::int64_t>(checker.fds);
  const bool memory = kKeepsFreedMemory || last.rss - first.rss <= rss;
  if (memory && last.fds - first.fds <= fds) return std::nullopt;
  return finding(fmt::format("{} grows by at most {} octets and {} descriptors over {}",
                             checker.actor, rss, fds, checker.step),
                 fmt::format("from {} to {} octets, from {} to {} descriptors", first.rss, last.rss,
                             first.fds, last.fds));
}

}  // namespace sallyport::sim::runner
