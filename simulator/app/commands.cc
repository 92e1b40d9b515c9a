#include "simulator/app/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "simulator/app/doctor_command.h"
#include "simulator/app/scenario_files.h"
#include "simulator/app/subject_command.h"
#include "simulator/report/console.h"
#include "simulator/report/files.h"
#include "simulator/report/stability.h"
#include "simulator/runner/ambient.h"
#include "simulator/runner/scheduler.h"
#include "simulator/scenario/plan.h"
#include "simulator/world/doctor.h"

namespace sallyport::sim::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMisuse = 2;
constexpr int kCannotRun = 3;
constexpr int kInterrupted = 130;

scenario::LoadOptions load_options(const std::vector<std::string>& sets) {
  scenario::LoadOptions options;
  options.sets = sets;
  return options;
}

bool write_report(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  if (stream) return true;
  fmt::print(stderr, "sallyport: can't write {}\n", path);
  return false;
}

std::string own_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

std::string binary_of(const std::string& named, const char* beside) {
  return named.empty() ? own_folder() + "/" + beside
                       : fs::absolute(named).lexically_normal().string();
}

// Whether some cell has what `has` looks for.
template <class Has>
bool any_cell(const std::vector<scenario::Scenario>& scenarios, Has has) {
  for (const scenario::Scenario& scenario : scenarios) {
    if (std::any_of(scenario.cells.begin(), scenario.cells.end(), has)) return true;
  }
  return false;
}

bool can_execute(const std::string& path, const char* what) {
  if (::access(path.c_str(), X_OK) == 0) return true;
  fmt::print(stderr, "sallyport: no {} at {}\n", what, path);
  return false;
}

std::optional<runner::RunOptions> run_options(const RunCommand& command,
                                              const std::vector<scenario::Scenario>& scenarios) {
  runner::RunOptions options;
  options.jobs = command.jobs;
  options.slow = command.slow;
  options.strict = command.strict;
  options.repeat = command.repeat;
  options.seed = command.seed;
  options.cells = command.cells;
  options.keep_folder = command.keep_folder;
  options.keep = command.keep == "always"   ? runner::Keep::always
                 : command.keep == "failed" ? runner::Keep::failed
                                            : runner::Keep::never;
  options.supervisor_binary = binary_of(command.supervisor, "sallyport-supervisor");
  options.gateway_binary = binary_of(command.gateway, "sallyport-gateway");
  options.middleware_binary = binary_of({}, "sallyport-middleware");
  auto subjects = load_subjects(command.subjects);
  if (!subjects) return std::nullopt;
  options.subjects = std::move(*subjects);
  const auto is_reference = [](const subject::Description& one) { return one.here.empty(); };
  const bool reference =
      options.subjects.empty() ||
      std::any_of(options.subjects.begin(), options.subjects.end(), is_reference);
  bool all = !reference || can_execute(options.supervisor_binary,
                                       "supervisor to test (name one with --supervisor)");
  if (any_cell(scenarios, [](const scenario::Cell& cell) { return cell.gateway.has_value(); }))
    all = can_execute(options.gateway_binary, "gateway (name one with --gateway)") && all;
  if (any_cell(scenarios, [](const scenario::Cell& cell) { return !cell.middleware.empty(); }))
    all = can_execute(options.middleware_binary, "middleware service") && all;
  if (!all) return std::nullopt;
  return options;
}

report::ConsoleOptions console_options(const RunCommand& command) {
  report::ConsoleOptions options;
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const ci = std::getenv("CI");
  options.colour = terminal && (no_colour == nullptr || *no_colour == '\0');
  options.progress = terminal && (ci == nullptr || *ci == '\0');
  options.verbose = command.verbose;
  options.quiet = command.quiet;
  options.command = command.program;
  return options;
}

}  // namespace

int run(const RunCommand& command) {
  const auto files = files_of(command.paths);
  if (!files) return kMisuse;
  LoadedAll all = load_all(*files, load_options(command.sets), command.tags);
  if (!all.complaints.empty()) {
    fmt::print(stderr, "{}sallyport: {} of {} scenarios can't be used; nothing was run\n",
               all.complaints, all.complained, files->size());
    return kMisuse;
  }
  const auto options = run_options(command, all.scenarios);
  if (!options) return kMisuse;
  const std::size_t cells = runner::cell_count(all.scenarios, *options);
  if (cells == 0) {
    fmt::print(stderr, "sallyport: no cell has that {}\n",
               command.cells.empty() ? "tag" : "name; `sallyport list` shows them");
    return kMisuse;
  }
  const std::vector<world::Finding> findings = world::probe();
  if (!world::can_run(findings)) {
    fmt::print(stderr, "sallyport: nothing can run on this machine:\n");
    print_findings(stderr, findings, true);
    return kCannotRun;
  }
  report::Console console(stdout, console_options(command));
  console.begin(cells);
  const runner::RunResult result = runner::run_scenarios(
      all.scenarios, *options,
      [&console](const runner::CellResult& cell) { console.cell_done(cell); });
  console.end(result);
  if (command.repeat > 1) fmt::print("{}", report::describe_stability(result));
  const bool written = write_report(command.junit, report::to_junit(result, command.program)) &&
                       write_report(command.json, report::to_json(result));
  if (result.interrupted) return kInterrupted;
  const int code = runner::exit_code(result);
  if (code == kCannotRun) print_findings(stderr, findings, true);
  return written ? code : 4;
}

int lint(const std::vector<std::string>& paths, const std::vector<std::string>& sets) {
  const auto files = files_of(paths);
  if (!files) return kMisuse;
  const LoadedAll all = load_all(*files, load_options(sets), {});
  fmt::print(stderr, "{}", all.complaints);
  fmt::print("{} of {} scenarios are good\n", all.scenarios.size(), files->size());
  return all.complaints.empty() ? 0 : kMisuse;
}

int plan(const std::string& path, const std::vector<std::string>& sets, bool cells_only) {
  scenario::Loaded loaded = scenario::load(path, load_options(sets));
  if (!loaded.scenario) {
    fmt::print(stderr, "{}", loaded.complaints.to_string());
    return kMisuse;
  }
  const scenario::Scenario& scenario = *loaded.scenario;
  if (!cells_only) fmt::print("{}", scenario::to_yaml(scenario));
  fmt::print("# cells:\n");
  for (const scenario::Cell& cell : scenario.cells) {
    std::vector<std::string> hosts;
    for (const topology::HostSpec& host : cell.hosts) hosts.push_back(host.name);
    std::string subjects;
    for (const scenario::Supervisor& one : cell.supervisors)
      subjects += fmt::format(", {} at {}", one.name, one.listen.to_string());
    fmt::print("#   {} (hosts {}; {} providers, {} decoys{}; {} steps)\n",
               cell.name.empty() ? "the one cell" : cell.name, fmt::join(hosts, ", "),
               cell.providers.size(), cell.decoys.size(),
               subjects.empty() ? ", no supervisor" : subjects, cell.steps.size());
  }
  fmt::print("# always on:\n");
  for (const std::string& rule : runner::ambient_rules()) fmt::print("#   {}\n", rule);
  return 0;
}

}  // namespace sallyport::sim::app
