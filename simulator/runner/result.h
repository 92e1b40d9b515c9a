// What a run found out, as values: one result a cell, made in its world, carried to the scheduler,
// drawn by reports. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"

namespace sallyport::sim::runner {

// In the order of precedence: a cell's verdict is the first that applies. pass, xfail and skip are
// green; error is ours, the rest are failures.
enum class Verdict {
  skip,     // a need isn't met
  error,    // the harness or the scenario is at fault
  timeout,  // the steps weren't done in time
  leak,     // a process or namespace outlived the world
  escape,   // a packet to an address that isn't one of this world
  fail,     // an expectation or an ambient rule was broken
  vacuous,  // an expectation would have held of an empty journal
  xpass,    // passes although a known issue says it shouldn't
  xfail,    // fails as a known issue says
  pass,
};

[[nodiscard]] std::string_view to_string(Verdict verdict);
[[nodiscard]] std::optional<Verdict> verdict_from(std::string_view word);
[[nodiscard]] bool is_green(Verdict verdict);

// One claim that didn't hold.
struct Failure {
  Verdict verdict = Verdict::fail;
  std::string claim;  // `managed_route: status`, `never ollama.connection where {from: agent}`
  std::string expected;
  std::string observed;
  std::string file;
  base::Mark mark;                        // the line of the claim
  std::optional<base::Mark> record_mark;  // of the matrix record that a value came from
  std::vector<std::string> notes;         // the nearest event, the steps under way ...
  std::vector<std::string> lanes;         // sources whose last events are worth a look; not sent on
};

// How long each part of a cell took, and how much of that the world's own process was computing:
// the harness's share. What remains is waiting, for the kernel or for processes of the world.
struct Phases {
  base::Duration world{0}, actors{0}, subject{0}, steps{0}, teardown{0}, judge{0}, total{0};
  // By the same order, `total` left out. Of `world` only what its process did, not the clone.
  std::array<base::Duration, 6> own{};

  [[nodiscard]] static constexpr std::array<const char*, 6> names() {
    return {"world", "actors", "subject", "steps", "teardown", "judge"};
  }
  [[nodiscard]] std::array<base::Duration, 6> all() const {
    return {world, actors, subject, steps, teardown, judge};
  }
};

struct CellResult {
  std::string path;      // of the scenario, as it was named
  std::string scenario;  // its claim
  std::string cell;      // AXIS=LABEL,...; empty for the one cell of a scenario without a matrix
  std::string subject;   // by its description's name; empty in a run that names none
  std::string subject_file;  // what names it on a command line
  std::map<std::string, std::string> axes;
  Verdict verdict = Verdict::error;
  std::string reason;  // of a skip, a known issue, an error
  std::vector<Failure> failures;
  std::vector<std::string> last_events;      // of the lanes involved, drawn, oldest first
  std::string subject_stderr;                // its tail
  std::map<std::string, std::string> facts;  // STEP.FACT that is compared across cells
  std::vector<std::string> rules_off;        // `RULE: WHY`: always on, but not here
  std::string artefacts;                     // the folder, where it was kept
  std::vector<std::string> trace;            // what happened, in order; only if it was asked for
  Phases phases;
};

struct RunResult {
  std::vector<CellResult> cells;   // in the order of the plan
  std::vector<std::string> notes;  // what the run says about itself: the final leak check
  base::Duration total{0};
  bool interrupted = false;
  bool leaked = false;  // the machine's own namespaces, mounts or processes changed
};

// 0 all green and something ran; 1 a failure; 3 nothing could run for lack of a capability;
// 4 an error of ours. Of several: 4, 1, 3.
[[nodiscard]] int exit_code(const RunResult& run);

// For a scenario that is made to have a verdict (`yields`): a pass if it has just that one, and
// `claim` is in the claim or the observation of one of its failures; else a failure that says so. A
// skip or an error of ours stays one, unless that is what it is made to have.
void hold_against(Verdict verdict, const std::string& claim, CellResult& result);

// Between a world and the scheduler.
[[nodiscard]] std::string encode(const CellResult& result);
// Nothing when the text isn't what encode() makes (a world that died in mid-write).
[[nodiscard]] std::optional<CellResult> decode(std::string_view text);

}  // namespace sallyport::sim::runner
