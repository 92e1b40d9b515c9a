#include "simulator/runner/cell.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <ctime>
#include <exception>
#include <fstream>
#include <set>
#include <utility>

#include "simulator/runner/ambient.h"
#include "simulator/runner/judge.h"
#include "simulator/runner/leaks.h"
#include "simulator/runner/processes.h"
#include "simulator/runner/stability.h"
#include "simulator/runner/steps.h"
#include "simulator/world/file_system.h"
#include "simulator/world/lifeline.h"

namespace sallyport::sim::runner {
namespace {

constexpr std::size_t kEventsShown = 14;
constexpr std::size_t kStderrLines = 12;
constexpr base::Duration kTermBound = std::chrono::seconds(2);

base::Duration scaled(base::Duration duration, double factor) {
  return base::Duration(
      static_cast<base::Duration::rep>(static_cast<double>(duration.count()) * factor));
}

// What this process has computed so far, in user code and in the kernel.
base::Duration own_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

// From phase to phase, by the clock and by own time.
class Stopwatch {
 public:
  Stopwatch(const base::Clock& clock, base::TimePoint began) : clock_(clock), began_(began) {}

  // The phase that ends now; `index` into Phases::own.
  [[nodiscard]] base::Duration lap(Phases& phases, std::size_t index) {
    const base::TimePoint now = clock_.now();
    const base::Duration own = own_time();
    phases.own.at(index) = own - own_;
    own_ = own;
    return now - std::exchange(began_, now);
  }

 private:
  const base::Clock& clock_;
  base::TimePoint began_;
  base::Duration own_{0};
};

// What the cell's coroutine works on and fills.
struct Course {
  Stage& stage;
  CellResult& result;
  Stopwatch& watch;
  Teardown teardown;
  std::set<std::string> loose_before;
  bool finished = false;
};

bool all_done(const Stage& stage) {
  return std::all_of(stage.cell.steps.begin(), stage.cell.steps.end(),
                     [&stage](const scenario::Step& step) {
                       const auto record = stage.records.find(step.name);
                       return record != stage.records.end() && record->second.done;
                     });
}

// Once no client and no provider is there any more; when steps were cut short, what is still held
// is theirs.
net::Task<void> look_for_leaks(Course& course) {
  Stage& stage = course.stage;
  if (stage.trouble || !all_done(stage)) co_return;
  for (const auto& [name, provider] : stage.providers) provider->stop();
  const base::TimePoint until =
      stage.clock.now() + scaled(std::chrono::milliseconds(500), stage.options.slow);
  course.teardown.held = co_await held_leaks(stage, until);
}

void look_for_loose_files(Course& course) {
  for (const std::string& path : loose_files(course.stage.options.run_folder)) {
    // The preload that shifts clocks shares them between the processes of one program.
    const bool of_preload = path.find("faketime_") != std::string::npos;
    if (!course.loose_before.contains(path) && !of_preload) course.teardown.loose.push_back(path);
  }
}

net::Task<void> take_down(Course& course) {
  Stage& stage = course.stage;
  stage.pool.clear();
  co_await look_for_leaks(course);
  const base::Duration bound = scaled(kTermBound, stage.options.slow);
  course.teardown.late = co_await end_processes(stage, bound);
  // What was touched up to the end is told; afterwards nobody is left to be touched.
  if (stage.faults) stage.faults->lift_all();
  if (stage.hops) stage.hops->lift_all();
  if (stage.faults && stage.faults->lost() && !stage.trouble)
    stage.trouble = "packets that ran into a fault were lost: more came than the kernel keeps";
  stage.group.force();
  const base::TimePoint soon =
      stage.clock.now() + scaled(std::chrono::milliseconds(500), stage.options.slow);
  static_cast<void>(co_await stage.group.drain(soon));
  for (const auto& [name, provider] : stage.providers) provider->stop();
  for (const auto& [name, decoy] : stage.decoys) decoy->stop();
  if (stage.name_server) stage.name_server->stop();
  if (stage.guard) stage.guard->drain();
  if (stage.guard) stage.guard->close();
  look_for_loose_files(course);
  for (const world::RunningProcess& process : world::running_processes()) {
    course.teardown.still_running.push_back(
        fmt::format("{} (pid {})", process.command, process.pid));
  }
}

net::Task<void> follow(Course& course) {
  Stage& stage = course.stage;
  Phases& phases = course.result.phases;
  const base::TimePoint began = stage.clock.now();
  const base::TimePoint deadline = began + scaled(stage.scenario.timeout, stage.options.slow);
  course.loose_before = loose_files(stage.options.run_folder);
  stage.trouble = co_await start_processes(stage, deadline);
  phases.subject = course.watch.lap(phases, 2);
  if (!stage.trouble) {
    co_await perform_steps(stage, deadline);
    co_await await_eventually(stage);
  }
  phases.steps = course.watch.lap(phases, 3);
  co_await take_down(course);
  phases.teardown = course.watch.lap(phases, 4);
  course.finished = true;
}

net::Task<void> root(Course* course) {
  co_await follow(*course);
  course->stage.loop.context().stop();
}

void show_events(const Stage& stage, CellResult& result) {
  std::vector<std::string> lanes;
  for (const Failure& failure : result.failures) {
    lanes.insert(lanes.end(), failure.lanes.begin(), failure.lanes.end());
  }
  if (lanes.empty() || stage.journal.events().empty()) return;
  for (const scenario::Step& step : stage.cell.steps) lanes.push_back(step.name);
  for (const scenario::Supervisor& one : stage.cell.supervisors) lanes.push_back(one.name);
  const base::TimePoint began = stage.journal.events().front().at;
  for (const journal::Event* const event : stage.journal.last_of(lanes, kEventsShown)) {
    result.last_events.push_back(draw(*event, began));
  }
}

void conclude(const Course& course, CellResult& result) {
  const Stage& stage = course.stage;
  if (!stage.guard_off.empty()) result.rules_off.push_back("escape: " + stage.guard_off);
  if (stage.trouble) {
    result.verdict = Verdict::error;
    result.reason = *stage.trouble;
  } else {
    const Case of{stage.scenario, stage.cell, stage.journal, stage.records, stage.lookup()};
    result.failures = judge(of);
    for (Failure& failure : ambient_failures(stage, course.teardown))
      result.failures.push_back(std::move(failure));
    result.facts = facts_across(of);
    result.verdict = verdict_of(result.failures, stage.cell.known_issue.has_value());
    if (stage.cell.known_issue) {
      result.reason =
          fmt::format("{}: {}", stage.cell.known_issue->ref, stage.cell.known_issue->reason);
    }
  }
  if (stage.options.trace) result.trace = trace_of(stage.journal);
  if (!is_green(result.verdict)) {
    show_events(stage, result);
    for (const auto& [name, subject] : stage.subjects)
      result.subject_stderr += subject->process().error_tail(kStderrLines);
  }
}

// For a scenario that is made to have a verdict.
void judge_against_yields(const scenario::Scenario& scenario, CellResult& result) {
  if (!scenario.yields) return;
  const auto verdict = verdict_from(scenario.yields->verdict);
  if (verdict) hold_against(*verdict, scenario.yields->claim, result);
}

// The journal as lines for people, for who keeps a run.
void write_journal(const Stage& stage) {
  if (stage.journal.events().empty()) return;
  std::ofstream out(stage.options.run_folder + "/journal.txt");
  for (const journal::Event& event : stage.journal.events()) {
    out << draw(event, stage.journal.events().front().at) << '\n';
  }
}

}  // namespace

CellResult blank_result(const scenario::Scenario& scenario, const scenario::Cell& cell) {
  CellResult result;
  result.path = scenario.path;
  result.scenario = scenario.title;
  result.cell = cell.name;
  result.axes = cell.values;
  return result;
}

CellResult run_cell(const scenario::Scenario& scenario, const scenario::Cell& cell,
                    const StageOptions& options, base::TimePoint world_began, int lifeline) {
  CellResult result = blank_result(scenario, cell);
  Stage stage(scenario, cell, options);
  world::watch_lifeline(stage.loop.executor(), lifeline);
  stage.trouble = stage.build_hosts();
  std::string about;
  if (!stage.trouble) {
    if (const auto protected_proc = world::protect_proc(about); !protected_proc) {
      stage.trouble = fmt::format("{}: {}", about, protected_proc.error().message());
    }
  }
  Stopwatch watch(stage.clock, world_began);
  result.phases.world = watch.lap(result.phases, 0);
  if (!stage.trouble) stage.trouble = stage.start_actors();
  result.phases.actors = watch.lap(result.phases, 1);
  Course course{stage, result, watch, {}, {}, false};
  if (!stage.trouble) {
    boost::asio::co_spawn(stage.loop.executor(), root(&course), [&stage](std::exception_ptr error) {
      if (error) stage.trouble = "an exception left a coroutine";
      if (error) stage.loop.context().stop();
    });
    stage.loop.context().run();
    // What was stopped ends in the loop's next turns, and journals that it did.
    stage.loop.context().restart();
    stage.loop.context().poll();
    if (!course.finished && !stage.trouble) stage.trouble = "the world's loop ran dry";
  }
  conclude(course, result);
  judge_against_yields(scenario, result);
  write_journal(stage);
  result.phases.judge = watch.lap(result.phases, 5);
  result.phases.total = stage.clock.now() - world_began;
  return result;
}

}  // namespace sallyport::sim::runner
