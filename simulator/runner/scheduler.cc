#include "simulator/runner/scheduler.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <list>
#include <set>
#include <tuple>

#include "reference/base/random.h"
#include "simulator/runner/abilities.h"
#include "simulator/runner/cell.h"
#include "simulator/runner/judge.h"
#include "simulator/runner/leaks.h"
#include "simulator/runner/needs.h"
#include "simulator/runner/signals.h"
#include "simulator/runner/world_plan.h"
#include "simulator/wire/tls.h"
#include "simulator/world/clone_world.h"

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;

// Inside a world, on its own tmpfs: gone with it.
constexpr const char* kRunFolder = "/run/sallyport";
// What a world may take beyond its scenario's own timeout before it is ended as our error.
constexpr base::Duration kMargin = std::chrono::seconds(20);

struct Job {
  scenario::Scenario* scenario = nullptr;
  std::size_t cell = 0;
  std::size_t subject = 0;
  std::uint64_t round = 0;  // of --repeat, from 0
  CellResult* result = nullptr;
};

// What is judged together: a scenario on one subject.
using Group = std::tuple<const scenario::Scenario*, std::size_t, std::uint64_t>;

struct Running {
  Job job;
  world::WorldHandle world;
  std::string received;
  base::TimePoint began{};
  base::TimePoint kill_at{};
  std::string keep;  // its artefacts' folder
  bool overdue = false;
};

void write_all(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + at, text.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    at += static_cast<std::size_t>(wrote);
  }
}

std::string file_name_of(const Job& job) {
  std::string name = job.scenario->path;
  const std::string& cell = job.scenario->cells[job.cell].name;
  if (!cell.empty()) name += "." + cell;
  if (!job.result->subject.empty()) name += "." + job.result->subject;
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' ||
                       c == '_' || c == '=' || c == ',';
    if (!plain) c = '_';
  }
  if (job.round > 0) name += fmt::format(".run{}", job.round + 1);
  return name.size() > 200 ? name.substr(name.size() - 200) : name;
}

class Scheduler {
 public:
  Scheduler(std::vector<scenario::Scenario>& scenarios, const RunOptions& options,
            const OnResult& on_result)
      : scenarios_(scenarios),
        options_(options),
        on_result_(on_result),
        subjects_(options.subjects) {
    if (subjects_.empty()) subjects_.push_back(subject::reference_description());
  }

  RunResult run();

 private:
  void queue();
  void queue_one(const Job& job);
  void start_some();
  void start(const Job& job);
  int body(world::WorldContext& context, const Job& job, base::TimePoint began,
           const std::string& keep);
  void poll_once();
  void read_from(Running& running);
  bool reap(Running& running);
  void finish(const Job& job, CellResult result);
  void interrupt();

  std::vector<scenario::Scenario>& scenarios_;
  const RunOptions& options_;
  const OnResult& on_result_;
  Signals signals_;
  base::SystemClock clock_;
  Needs needs_;
  RunResult result_;
  std::deque<Job> waiting_;
  std::list<Running> running_;
  std::vector<subject::Description> subjects_;
  std::map<Group, std::vector<CellResult*>> by_group_;
  std::map<Group, std::size_t> open_cells_;
  bool interrupted_ = false;
};

// A skip, to who wants none.
void fail_strictly(CellResult& result, const scenario::Scenario& scenario) {
  result.verdict = Verdict::fail;
  Failure failure;
  failure.claim = "strict: every scenario runs";
  failure.expected = "what it needs is here";
  failure.observed = result.reason;
  failure.file = scenario.path;
  failure.mark = scenario.title_place.mark;
  result.failures.push_back(std::move(failure));
}

Group group_of(const Job& job) { return {job.scenario, job.subject, job.round}; }

bool selected(const RunOptions& options, const scenario::Cell& cell) {
  return options.cells.empty() ||
         std::find(options.cells.begin(), options.cells.end(), cell.name) != options.cells.end();
}

void Scheduler::queue() {
  result_.cells.resize(cell_count(scenarios_, options_));
  std::size_t next = 0;
  for (scenario::Scenario& scenario : scenarios_) {
    // A world has another working folder.
    scenario.folder = fs::absolute(scenario.folder).lexically_normal().string();
    for (std::size_t i = 0; i < scenario.cells.size(); ++i) {
      scenario::scale(scenario.cells[i], options_.slow);
      if (!selected(options_, scenario.cells[i])) continue;
      for (std::size_t one = 0; one < subjects_.size(); ++one) {
        for (std::uint64_t round = 0; round < options_.repeat; ++round)
          queue_one({&scenario, i, one, round, &result_.cells[next++]});
      }
    }
  }
  // A seed orders what is free to vary; without one cells begin as they are listed.
  if (!options_.seed) return;
  base::SeededRandom random(*options_.seed);
  for (std::size_t left = waiting_.size(); left > 1; --left)
    std::swap(waiting_[left - 1], waiting_[random.next() % left]);
}

void Scheduler::queue_one(const Job& job) {
  CellResult& slot = *job.result;
  slot = blank_result(*job.scenario, job.scenario->cells[job.cell]);
  if (!options_.subjects.empty()) {
    slot.subject = subjects_[job.subject].name;
    slot.subject_file = subjects_[job.subject].file;
  }
  std::vector<CellResult*>& group = by_group_[group_of(job)];
  group.resize(job.scenario->cells.size(), nullptr);
  group[job.cell] = &slot;
  ++open_cells_[group_of(job)];
  waiting_.push_back(job);
}

int Scheduler::body(world::WorldContext& context, const Job& job, base::TimePoint began,
                    const std::string& keep) {
  signals_.restore();
  wire::reseed_tls();
  StageOptions stage;
  stage.supervisor_binary = options_.supervisor_binary;
  stage.gateway_binary = options_.gateway_binary;
  stage.middleware_binary = options_.middleware_binary;
  stage.run_folder = keep.empty() ? kRunFolder : keep;
  stage.subject = subjects_[job.subject];
  stage.slow = options_.slow;
  stage.ids = context.ids;
  stage.trace = options_.repeat > 1;
  stage.seed = options_.seed;
  ::mkdir(stage.run_folder.c_str(), 0755);
  const scenario::Cell cell = adapted(job.scenario->cells[job.cell], stage.subject);
  CellResult result = run_cell(*job.scenario, cell, stage, began, context.lifeline.get());
  result.subject = job.result->subject;
  result.subject_file = job.result->subject_file;
  write_all(context.channel.get(), encode(result));
  return 0;
}

void Scheduler::start(const Job& job) {
  auto unmet = needs_.unmet(*job.scenario);
  const subject::Description& subject = subjects_[job.subject];
  if (!unmet) unmet = lacking(adapted(job.scenario->cells[job.cell], subject), subject);
  if (unmet) {
    CellResult skipped = *job.result;
    skipped.verdict = Verdict::skip;
    skipped.reason = *unmet;
    if (options_.strict) fail_strictly(skipped, *job.scenario);
    finish(job, std::move(skipped));
    return;
  }
  Running running;
  running.job = job;
  running.began = clock_.now();
  world::WorldPlan plan = plan_for(options_, *job.scenario, subject);
  if (options_.keep != Keep::never) {
    running.keep = (fs::absolute(options_.keep_folder) / file_name_of(job)).string();
    std::error_code ignored;
    fs::remove_all(running.keep, ignored);
    fs::create_directories(running.keep, ignored);
    plan.files.run_folder = running.keep;
  }
  if (const char* const home = std::getenv("HOME")) plan.files.home = home;
  const auto main = [&](world::WorldContext& context) {
    return body(context, job, running.began, running.keep);
  };
  const auto failed = [&](world::WorldContext& context, std::string_view what) {
    CellResult result = *job.result;
    result.verdict = Verdict::error;
    result.reason = fmt::format("the world can't be made: {}", what);
    write_all(context.channel.get(), encode(result));
    return 1;
  };
  auto world = world::clone_world(plan, main, failed);
  if (!world) {
    CellResult result = *job.result;
    result.verdict = Verdict::error;
    result.reason = fmt::format("the world can't be made: {}", world.error().message());
    finish(job, std::move(result));
    return;
  }
  running.world = std::move(*world);
  const double allowed =
      static_cast<double>((job.scenario->timeout * 2 + kMargin).count()) * options_.slow;
  running.kill_at = running.began + base::Duration(static_cast<base::Duration::rep>(allowed));
  running_.push_back(std::move(running));
}

void Scheduler::start_some() {
  while (!interrupted_ && !waiting_.empty() &&
         running_.size() < std::max<std::size_t>(1, options_.jobs)) {
    const Job job = waiting_.front();
    waiting_.pop_front();
    start(job);
  }
}

void Scheduler::read_from(Running& running) {
  std::array<char, 65536> buffer{};
  const ssize_t size = ::read(running.world.channel.get(), buffer.data(), buffer.size());
  if (size > 0) {
    running.received.append(buffer.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    running.world.channel.reset();
  }
}

// True when the world's pid 1 is gone and its result was taken.
bool Scheduler::reap(Running& running) {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(running.world.pidfd.get()), &info, WEXITED | WNOHANG) !=
          0 ||
      info.si_pid == 0) {
    return false;
  }
  while (running.world.channel) read_from(running);
  auto decoded = decode(running.received);
  if (!decoded) {
    decoded = *running.job.result;
    decoded->verdict = Verdict::error;
    decoded->reason = running.overdue ? "the world had to be ended: it didn't answer in time"
                                      : fmt::format("the world ended without a result ({} {})",
                                                    info.si_code == CLD_EXITED ? "exit" : "signal",
                                                    info.si_status);
    decoded->phases.total = clock_.now() - running.began;
  }
  if (!running.keep.empty()) {
    if (options_.keep == Keep::failed && is_green(decoded->verdict)) {
      std::error_code ignored;
      fs::remove_all(running.keep, ignored);
    } else {
      decoded->artefacts = running.keep;
    }
  }
  finish(running.job, std::move(*decoded));
  return true;
}

void Scheduler::finish(const Job& job, CellResult result) {
  *job.result = std::move(result);
  for (const std::string& rule : job.result->rules_off) {
    const std::string note = "off here: " + rule;
    auto& notes = result_.notes;
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
  const Group group = group_of(job);
  if (--open_cells_[group] == 0) judge_across(*job.scenario, by_group_[group]);
  on_result_(*job.result);
}

void Scheduler::interrupt() {
  interrupted_ = true;
  waiting_.clear();
  // Closing a lifeline ends its world; the kernel kills all that is in it.
  for (Running& running : running_) running.world.lifeline.reset();
}

void Scheduler::poll_once() {
  std::vector<pollfd> waits{{signals_.fd(), POLLIN, 0}};
  base::TimePoint next = base::TimePoint::max();
  for (const Running& running : running_) {
    waits.push_back({running.world.pidfd.get(), POLLIN, 0});
    waits.push_back({running.world.channel.get(), POLLIN, 0});
    next = std::min(next, running.kill_at);
  }
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(next - clock_.now()).count();
  ::poll(waits.data(), waits.size(), static_cast<int>(std::clamp<long>(left, 0, 60'000)));
  signalfd_siginfo signal{};
  if (::read(signals_.fd(), &signal, sizeof signal) == sizeof signal) interrupt();
  std::size_t at = 1;
  for (auto running = running_.begin(); running != running_.end(); at += 2) {
    if ((waits[at + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && running->world.channel)
      read_from(*running);
    if (clock_.now() >= running->kill_at && !running->overdue) {
      running->overdue = true;
      running->world.lifeline.reset();
      ::kill(running->world.pid, SIGKILL);
    }
    const bool gone = (waits[at].revents & POLLIN) != 0 && reap(*running);
    running = gone ? running_.erase(running) : std::next(running);
  }
}

RunResult Scheduler::run() {
  const base::TimePoint began = clock_.now();
  const std::string before = machine_state();
  wire::prepare_tls();
  queue();
  start_some();
  while (!running_.empty()) {
    poll_once();
    start_some();
  }
  if (machine_state() != before) {
    result_.leaked = true;
    result_.notes.emplace_back(
        "leak: the machine's mounts or links aren't what they were before the run");
  }
  if (interrupted_) {
    std::erase_if(result_.cells, [](const CellResult& cell) {
      return cell.verdict == Verdict::error &&
             (cell.reason.empty() || cell.reason.starts_with("the world ended"));
    });
    result_.notes.emplace_back(
        "interrupted: the worlds were ended; what is listed was done before");
    result_.interrupted = true;
  }
  result_.total = clock_.now() - began;
  return std::move(result_);
}

}  // namespace

std::size_t cell_count(const std::vector<scenario::Scenario>& scenarios,
                       const RunOptions& options) {
  std::size_t count = 0;
  for (const scenario::Scenario& scenario : scenarios) {
    count += static_cast<std::size_t>(
        std::count_if(scenario.cells.begin(), scenario.cells.end(),
                      [&options](const scenario::Cell& cell) { return selected(options, cell); }));
  }
  return count * std::max<std::size_t>(1, options.subjects.size()) * options.repeat;
}

RunResult run_scenarios(std::vector<scenario::Scenario>& scenarios, const RunOptions& options,
                        const OnResult& on_result) {
  return Scheduler(scenarios, options, on_result).run();
}

}  // namespace sallyport::sim::runner
