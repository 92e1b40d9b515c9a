#include "simulator/runner/configure_steps.h"

#include <algorithm>
#include <map>
#include <utility>

#include "reference/base/scalars.h"
#include "reference/net/event.h"
#include "simulator/runner/specs.h"

namespace sallyport::sim::runner {
namespace {

using scenario::KeyChange;
using scenario::Step;
using subject::CommandAnswer;
using subject::Revisions;

// Of a change that isn't about one supervisor alone.
constexpr const char* kEverybody = "";

agents::Facts of_class(const char* name, std::string code, std::string detail) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!code.empty()) facts["code"] = std::move(code);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

// Whether two words for a revision mean the same: none is told as nothing or as 0.
bool same(const std::string& a, const std::string& b) {
  const auto none = [](const std::string& text) { return text.empty() || text == "0"; };
  return a == b || (none(a) && none(b));
}

bool same(const Revisions& a, const Revisions& b) {
  return same(a.config, b.config) && same(a.bundle, b.bundle) && same(a.environment, b.environment);
}

enum class Verdict { pending, in_force, refused };
using Judge = std::function<Verdict(const subject::Subject& subject)>;

// Until the subject's own word makes `judge` decide, or `deadline`. One that doesn't run has
// nothing to say: what it is told at its start is in force then.
net::Task<Verdict> await_word(Stage& stage, subject::Subject& subject, Judge judge,
                              base::TimePoint deadline) {
  const net::Executor executor = stage.loop.executor();
  net::Event wake(executor);
  net::Deadline bound(stage.deadlines, [&wake] { wake.notify(); });
  bound.set(deadline);
  const std::string name = subject.spec().name;
  const std::uint64_t id = stage.journal.subscribe([&wake, &name](const journal::Event& event) {
    if (event.source == name && (event.kind == "config" || event.kind == "exit")) wake.notify();
  });
  Verdict verdict = Verdict::pending;
  for (;;) {
    subject.drain();
    verdict = subject.process().running() ? judge(subject) : Verdict::in_force;
    if (verdict != Verdict::pending || bound.passed()) break;
    if (!co_await wake.wait()) break;
  }
  stage.journal.unsubscribe(id);
  co_return verdict;
}

agents::Facts facts_of(const subject::Subject& subject, Verdict verdict, std::string code) {
  switch (verdict) {
    case Verdict::in_force:
      return of_class("ok", std::move(code), {});
    case Verdict::refused:
      return of_class("rejected", {}, subject.configured().failed_why);
    case Verdict::pending:
      break;
  }
  return of_class("stalled", {}, subject.spec().name + " hasn't said that it works by it");
}

bool is_ok(const agents::Facts& facts) {
  const auto found = facts.find("class");
  return found != facts.end() && found->second == journal::Value(std::string("ok"));
}

// Whether a step that names `supervisor`, or none, is about `name`.
bool concerns(const std::string& supervisor, const std::string& name) {
  return supervisor.empty() || supervisor == name;
}

// What the subjects had said before a change.
std::map<std::string, subject::Subject::Configured> said_so_far(Stage& stage) {
  std::map<std::string, subject::Subject::Configured> said;
  for (const auto& [name, subject] : stage.subjects) {
    // What it still has to say of earlier files isn't about these.
    subject->drain();
    said[name] = subject->configured();
  }
  return said;
}

// One command of the gateway, and the word of each subject that it concerns that it has what the
// gateway then serves. `supervisor`: whose sandbox it is about; empty: everybody's.
net::Task<agents::Facts> tell_gateway(Stage& stage, const Step& step, std::string supervisor,
                                      std::vector<std::string> arguments,
                                      std::map<std::string, std::string> variables,
                                      base::TimePoint deadline) {
  const auto before = said_so_far(stage);
  const CommandAnswer answer = co_await stage.gateway->command(supervisor, std::move(arguments),
                                                               std::move(variables), deadline);
  stage.command_texts[step.name] += answer.output;
  if (!answer.ended) co_return of_class("stalled", {}, "the gateway didn't answer in time");
  if (answer.code != "OK") co_return of_class("rejected", answer.code, answer.detail);
  for (const auto& [name, subject] : stage.subjects) {
    if (!concerns(supervisor, name)) continue;
    const auto told = answer.revisions.find(name);
    if (told == answer.revisions.end())
      co_return of_class("stalled", {}, "the gateway told no revisions of " + name);
    const Revisions want = told->second;
    const std::uint64_t failed = before.at(name).failed;
    Judge judge = [want, failed](const subject::Subject& one) {
      const subject::Subject::Configured& said = one.configured();
      if (same(said.revisions, want)) return Verdict::in_force;
      const bool whole = said.failed_part == "policy" || said.failed_part == "configuration";
      return said.failed > failed && whole ? Verdict::refused : Verdict::pending;
    };
    const Verdict verdict = co_await await_word(stage, *subject, std::move(judge), deadline);
    if (verdict != Verdict::in_force) co_return facts_of(*subject, verdict, answer.code);
  }
  co_return of_class("ok", answer.code, {});
}

// The subjects' files anew, and their word for them.
net::Task<agents::Facts> tell_subjects(Stage& stage, std::string supervisor,
                                       base::TimePoint deadline) {
  const auto before = said_so_far(stage);
  for (const auto& [name, subject] : stage.subjects) {
    if (!concerns(supervisor, name)) continue;
    const std::string policy =
        journal::expand(stage.control.policies.at(name), stage.lookup(), true);
    if (!subject->reconfigure(policy, route_of(stage, name))) {
      stage.trouble = "the files of " + name + " can't be written";
      co_return of_class("rejected", {}, *stage.trouble);
    }
  }
  for (const auto& [name, subject] : stage.subjects) {
    if (!concerns(supervisor, name)) continue;
    const subject::Subject::Configured then = before.at(name);
    Judge judge = [then](const subject::Subject& one) {
      const subject::Subject::Configured& said = one.configured();
      if (said.failed > then.failed) return Verdict::refused;
      return said.loaded > then.loaded ? Verdict::in_force : Verdict::pending;
    };
    const Verdict verdict = co_await await_word(stage, *subject, std::move(judge), deadline);
    if (verdict != Verdict::in_force) co_return facts_of(*subject, verdict, {});
  }
  co_return of_class("ok", {}, {});
}

std::vector<std::string> route_arguments(const scenario::SetInference& inference) {
  if (!inference.route) return {"inference", "delete"};
  const scenario::Inference& route = *inference.route;
  std::vector<std::string> arguments{"inference",    "set",     "--provider",
                                     route.provider, "--model", route.model};
  if (route.timeout) {
    arguments.insert(arguments.end(), {"--timeout", base::format_duration(*route.timeout)});
  }
  if (!inference.verify) arguments.emplace_back("--no-verify");
  return arguments;
}

bool route_uses(const Stage& stage, const std::string& provider) {
  return std::any_of(stage.control.routes.begin(), stage.control.routes.end(),
                     [&provider](const auto& route) {
                       return route.second && route.second->provider == provider;
                     });
}

}  // namespace

net::Task<agents::Facts> change_key(Stage& stage, const Step& step, const KeyChange& change,
                                    base::TimePoint deadline) {
  providers::Provider& provider = *stage.providers.at(change.provider);
  if (change.kind == KeyChange::Kind::revoke) {
    provider.revoke(change.key);
    co_return of_class("ok", {}, {});
  }
  if (change.kind == KeyChange::Kind::rotate) provider.accept(change.key);
  stage.control.keys[change.provider] = change.key;
  if (!stage.gateway) {
    if (!route_uses(stage, change.provider)) co_return of_class("ok", {}, {});
    co_return co_await tell_subjects(stage, kEverybody, deadline);
  }
  std::vector<std::string> arguments{"provider", "update", change.provider};
  std::map<std::string, std::string> variables;
  for (const std::string& variable : key_variables(provider.spec())) {
    arguments.insert(arguments.end(), {"--credential", variable});
    variables[variable] = key_value(stage, change.provider, change.key);
  }
  co_return co_await tell_gateway(stage, step, kEverybody, std::move(arguments),
                                  std::move(variables), deadline);
}

net::Task<agents::Facts> delete_record(Stage& stage, const Step& step,
                                       const scenario::DeleteRecord& record,
                                       base::TimePoint deadline) {
  // The loader lets a `delete` stand only beside a gateway: files have no records.
  std::vector<std::string> arguments{"provider", "delete", record.provider};
  if (record.force) arguments.emplace_back("--force");
  std::map<std::string, std::string> none;
  agents::Facts facts = co_await tell_gateway(stage, step, kEverybody, std::move(arguments),
                                              std::move(none), deadline);
  if (is_ok(facts)) stage.control.deleted.insert(record.provider);
  co_return facts;
}

net::Task<agents::Facts> set_policy(Stage& stage, const Step& step,
                                    const scenario::SetPolicy& policy, base::TimePoint deadline) {
  const auto before = stage.control.policies;
  for (auto& [name, yaml] : stage.control.policies) {
    if (concerns(policy.supervisor, name)) yaml = policy.yaml;
  }
  agents::Facts facts;
  if (stage.gateway) {
    const std::string text = journal::expand(policy.yaml, stage.lookup(), true);
    const std::string path = stage.gateway->write(step.name + ".policy.yaml", text);
    std::vector<std::string> arguments{"policy", "set", path};
    std::map<std::string, std::string> none;
    facts = co_await tell_gateway(stage, step, policy.supervisor, std::move(arguments),
                                  std::move(none), deadline);
  } else {
    facts = co_await tell_subjects(stage, policy.supervisor, deadline);
  }
  if (!is_ok(facts)) stage.control.policies = before;
  co_return facts;
}

net::Task<agents::Facts> set_inference(Stage& stage, const Step& step,
                                       const scenario::SetInference& inference,
                                       base::TimePoint deadline) {
  const auto before = stage.control.routes;
  for (auto& [name, route] : stage.control.routes) {
    if (concerns(inference.supervisor, name)) route = inference.route;
  }
  agents::Facts facts;
  if (stage.gateway) {
    std::vector<std::string> arguments = route_arguments(inference);
    std::map<std::string, std::string> none;
    facts = co_await tell_gateway(stage, step, kEverybody, std::move(arguments), std::move(none),
                                  deadline);
  } else {
    facts = co_await tell_subjects(stage, inference.supervisor, deadline);
  }
  if (!is_ok(facts)) stage.control.routes = before;
  co_return facts;
}

}  // namespace sallyport::sim::runner
