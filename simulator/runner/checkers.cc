#include "simulator/runner/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "simulator/runner/exchange_checkers.h"
#include "simulator/runner/key_epochs.h"

namespace sallyport::sim::runner {
namespace {

using journal::Event;

// A text or a number, as text; empty when absent.
std::string text(const Event& event, std::string_view field) {
  const auto found = event.fields.find(field);
  if (found == event.fields.end()) return {};
  if (const auto* const plain = std::get_if<std::string>(&found->second)) return *plain;
  if (const auto* const number = std::get_if<std::int64_t>(&found->second)) {
    return std::to_string(*number);
  }
  return {};
}

Failure broken(std::string expected, std::string observed) {
  Failure failure;
  failure.expected = std::move(expected);
  failure.observed = std::move(observed);
  return failure;
}

Failure vacuous(std::string expected, std::string observed) {
  Failure failure = broken(std::move(expected), std::move(observed));
  failure.verdict = Verdict::vacuous;
  return failure;
}

base::TimePoint began(const Case& of) {
  return of.journal.events().empty() ? base::TimePoint{} : of.journal.events().front().at;
}

// By stamp, then by arrival.
std::vector<const Event*> events_of(const Case& of, const std::string& source,
                                    std::string_view kind) {
  std::vector<const Event*> found;
  for (const Event& event : of.journal.events()) {
    if (event.kind == kind && event.source == source) found.push_back(&event);
  }
  const auto earlier = [](const Event* a, const Event* b) {
    return std::tie(a->at, a->sequence) < std::tie(b->at, b->sequence);
  };
  std::sort(found.begin(), found.end(), earlier);
  return found;
}

std::optional<Failure> credential_epochs(const scenario::Checker& checker, const Case& of) {
  const KeyEpochs epochs(checker.provider, of);
  struct Last {
    std::size_t epoch = 0;
    const Event* request = nullptr;
  };
  std::map<std::string, Last> connections;
  std::uint64_t compared = 0;
  std::uint64_t known = 0;
  for (const Event* const request : events_of(of, checker.provider, "request")) {
    const std::string key = text(*request, "key");
    if (!epochs.knows(key)) continue;
    ++known;
    if (const auto revoke = epochs.revoked(key, request->at)) {
      Failure failure = broken(fmt::format("no use of {} after {} was done", key, *revoke),
                               draw(*request, began(of)));
      failure.lanes.push_back(*revoke);
      return failure;
    }
    if (epochs.any_revoked(request->at)) ++compared;
    Last& last = connections[request->connection];
    const auto epoch = epochs.at_or_after(last.epoch, key, request->at);
    if (!epoch && !epochs.older(last.epoch, key)) continue;  // not handed out yet
    if (!epoch) {
      Failure failure = broken(fmt::format("no older key after {} on {}",
                                           text(*last.request, "key"), request->connection),
                               draw(*request, began(of)));
      failure.notes.push_back("the newer: " + draw(*last.request, began(of)));
      return failure;
    }
    if (last.request != nullptr) ++compared;
    last = {*epoch, request};
  }
  if (compared > 0) return std::nullopt;
  return vacuous("a second request with a key on a connection, or one after a revocation",
                 fmt::format("{} requests with a known key, none of them such", known));
}

std::optional<Failure> generation_monotonic(const Case& of) {
  struct Last {
    std::int64_t generation = 0;
    const Event* event = nullptr;
  };
  // By supervisor and the client's end of its connection.
  std::map<std::pair<std::string, std::string>, Last> connections;
  std::uint64_t compared = 0;
  for (const Event& event : of.journal.events()) {
    if (event.source_type != "supervisor") continue;
    if (event.kind == "ready") {  // a restarted one counts from the beginning
      std::erase_if(connections, [&](const auto& one) { return one.first.first == event.source; });
    }
    if (event.kind != "audit") continue;
    const auto decision = audited_decision(event);
    if (!decision) continue;
    Last& last = connections[{event.source, decision->peer}];
    if (last.event != nullptr && decision->generation != last.generation) ++compared;
    if (last.event != nullptr && decision->generation < last.generation) {
      Failure failure = broken(fmt::format("no generation below {} on the connection from {}",
                                           last.generation, decision->peer),
                               draw(event, began(of)));
      failure.notes.push_back("the newer: " + draw(*last.event, began(of)));
      failure.lanes.push_back(event.source);
      return failure;
    }
    last = {decision->generation, &event};
  }
  if (compared > 0) return std::nullopt;
  return vacuous("decisions of two generations about one connection", "none");
}

std::set<std::string> request_steps(const Case& of) {
  std::set<std::string> names;
  for (const scenario::Step& step : of.cell.steps) {
    if (std::holds_alternative<agents::RequestSpec>(step.verb)) names.insert(step.name);
  }
  return names;
}

std::optional<Failure> forwarded_once(const scenario::Checker& checker, const Case& of) {
  // What a command does with its step's nonce isn't known: only exchanges of our own client count.
  const std::set<std::string> ours = request_steps(of);
  std::map<std::string, const Event*> first;
  for (const Event* const request : events_of(of, checker.provider, "request")) {
    const std::string nonce = text(*request, "nonce");
    if (nonce.empty() || !ours.contains(request->step)) continue;
    const auto [place, fresh] = first.emplace(nonce, request);
    if (fresh) continue;
    Failure failure = broken("one request for each exchange", draw(*request, began(of)));
    failure.notes.push_back("the first: " + draw(*place->second, began(of)));
    failure.lanes.push_back(request->step);
    return failure;
  }
  if (!first.empty()) return std::nullopt;
  return vacuous("requests that exchanges of this scenario made",
                 fmt::format("none at {}", checker.provider));
}

using Payload = std::vector<const Event*>;

// The streams that the provider sent, by the exchange that they were for: one for each answer.
std::map<std::string, std::vector<Payload>> sent_streams(const Case& of,
                                                         const std::string& provider) {
  std::map<std::string, std::vector<Payload>> sent;
  std::map<std::string, std::size_t> current;  // of its exchange's streams, by connection
  for (const Event& event : of.journal.events()) {
    if (event.source != provider) continue;
    if (event.kind != "response" && event.kind != "sse") continue;
    std::vector<Payload>& streams = sent[text(event, "nonce")];
    if (event.kind == "response" || streams.empty()) {
      current[event.connection] = streams.size();
      streams.emplace_back();
    }
    if (event.kind != "sse") continue;
    streams[std::min(current[event.connection], streams.size() - 1)].push_back(&event);
  }
  return sent;
}

std::map<std::string, Payload> received_streams(const Case& of, const std::string& step) {
  std::map<std::string, Payload> received;
  for (const Event& event : of.journal.events()) {
    if (event.source == step && event.kind == "sse") {
      received[text(event, "nonce")].push_back(&event);
    }
  }
  for (auto& [nonce, payload] : received) {
    if (text(*payload.back(), "error") == "true") payload.pop_back();
  }
  return received;
}

// How many of `received` are the first of `sent`.
std::size_t common(const Payload& received, const Payload& sent) {
  const auto same = [](const Event* a, const Event* b) {
    return text(*a, "data") == text(*b, "data");
  };
  const auto [end, other] =
      std::mismatch(received.begin(), received.end(), sent.begin(), sent.end(), same);
  return static_cast<std::size_t>(end - received.begin());
}

std::optional<Failure> stream_prefix(const scenario::Checker& checker, const Case& of) {
  const auto sent = sent_streams(of, checker.provider);
  std::uint64_t compared = 0;
  for (const auto& [nonce, payload] : received_streams(of, checker.step)) {
    if (payload.empty()) continue;
    const auto found = sent.find(nonce);
    std::size_t best = 0;
    std::size_t of_sent = 0;
    if (found != sent.end()) {
      for (const Payload& one : found->second) {
        const std::size_t here = common(payload, one);
        if (here < best || (here == best && one.size() < of_sent)) continue;
        best = here;
        of_sent = one.size();
      }
    }
    if (best == payload.size()) {
      compared += best;
      continue;
    }
    Failure failure = broken(
        best < of_sent
            ? fmt::format("event {} as {} sent it", best + 1, checker.provider)
            : fmt::format("no more than the {} events that {} sent", of_sent, checker.provider),
        draw(*payload[best], began(of)));
    failure.notes.push_back(fmt::format("the {} events before it are as they were sent", best));
    return failure;
  }
  if (compared > 0) return std::nullopt;
  return vacuous("events of a stream, received", fmt::format("none by {}", checker.step));
}

}  // namespace

std::optional<Failure> check(const scenario::Checker& checker, const Case& of) {
  std::optional<Failure> failure;
  if (checker.name == "credential_epochs") {
    failure = credential_epochs(checker, of);
  } else if (checker.name == "generation_monotonic") {
    failure = generation_monotonic(of);
  } else if (checker.name == "forwarded_once") {
    failure = forwarded_once(checker, of);
  } else if (checker.name == "stream_prefix") {
    failure = stream_prefix(checker, of);
  } else if (checker.name == "chain_order") {
    failure = chain_order(checker, of);
  } else if (checker.name == "audit_complete") {
    failure = audit_complete(of);
  } else if (checker.name == "resources_flat") {
    failure = resources_flat(checker, of);
  } else {
    failure = vacuous("a checker that is known", checker.name);
  }
  if (!failure) return std::nullopt;
  for (const std::string& lane : {checker.provider, checker.step, checker.actor}) {
    if (!lane.empty()) failure->lanes.push_back(lane);
  }
  return failure;
}

}  // namespace sallyport::sim::runner
