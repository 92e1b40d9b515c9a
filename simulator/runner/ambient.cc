#include "simulator/runner/ambient.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulator/runner/escapes.h"
#include "simulator/runner/judge.h"
#include "simulator/runner/processes.h"
#include "simulator/runner/secrets.h"

namespace sallyport::sim::runner {
namespace {

void check_decoys(const Stage& stage, std::vector<Failure>& failures) {
  for (const providers::DecoySpec& decoy : stage.cell.decoys) {
    for (const journal::Event& event : stage.journal.events()) {
      if (event.source != decoy.name || event.kind != "connection") continue;
      Failure failure;
      failure.claim = fmt::format("decoy: {} gets no connection", decoy.name);
      failure.expected = "none";
      failure.observed = draw(event, stage.journal.events().front().at);
      failure.file = stage.scenario.path;
      failure.mark = decoy.mark;
      failure.lanes = {decoy.name};
      if (!event.step.empty()) failure.notes.push_back("the step under way: " + event.step);
      failures.push_back(std::move(failure));
      break;
    }
  }
}

void check_processes(const Stage& stage, const Teardown& teardown, std::vector<Failure>& failures) {
  Failure failure;
  failure.file = stage.scenario.path;
  failure.mark = stage.scenario.title_place.mark;
  for (const Crash& crash : crashes(stage)) {
    failure.claim = "crash: no process ends that no step stopped";
    failure.expected = crash.actor + " runs until it is stopped";
    failure.observed = fmt::format(
        "it ended with {} {}",
        crash.end.kind == world::Exit::Kind::signalled ? "signal" : "exit code", crash.end.value);
    failure.lanes = {crash.actor};
    failures.push_back(failure);
  }
  for (const std::string& actor : teardown.late) {
    failure.verdict = Verdict::leak;
    failure.claim = fmt::format("leak: {} exits within 2 s of TERM", actor);
    failure.expected = "an exit";
    failure.observed = "it had to be killed";
    failure.lanes = {actor};
    failures.push_back(failure);
  }
  for (const std::string& process : teardown.still_running) {
    failure.verdict = Verdict::leak;
    failure.claim = "leak: no process outlives the steps and the subject";
    failure.expected = "none";
    failure.observed = process;
    failures.push_back(failure);
  }
  const auto add_leaks = [&](const std::vector<std::string>& all, const char* claim) {
    failure.verdict = Verdict::leak;
    failure.claim = claim;
    failure.expected = "none";
    for (const std::string& what : all) {
      failure.observed = what;
      failures.push_back(failure);
    }
  };
  add_leaks(teardown.held, "leak: nothing is held that wasn't when it had become ready");
  add_leaks(teardown.loose,
            "leak: no file outside the run's folder outlives the world's processes");
}

}  // namespace

std::vector<Failure> ambient_failures(const Stage& stage, const Teardown& teardown) {
  std::vector<Failure> failures;
  check_decoys(stage, failures);
  check_processes(stage, teardown, failures);
  for (Failure& escape : escape_failures(stage.scenario, stage.cell, stage.escapes))
    failures.push_back(std::move(escape));
  for (Failure& seen : secret_failures(stage)) failures.push_back(std::move(seen));
  return failures;
}

std::vector<std::string> ambient_rules() {
  return {"decoy: no decoy gets a connection", "crash: no process ends that no step stopped",
          "leak: no process outlives the world; ours exit within 2 s of TERM",
          "escape: no packet goes to an address that isn't one of this world (off where doctor "
          "misses firewall)",
          "secret: keys, whole or in pieces, plain, encoded, escaped or in gzip, are seen only on "
          "the way to their provider"};
}

}  // namespace sallyport::sim::runner
