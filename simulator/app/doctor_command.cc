#include "simulator/app/doctor_command.h"

#include <fmt/format.h>

#include <filesystem>

#include "simulator/app/commands.h"
#include "simulator/app/scenario_files.h"
#include "simulator/runner/needs.h"
#include "simulator/runner/process_faults.h"

namespace sallyport::sim::app {
namespace {

constexpr int kMisuse = 2;
constexpr int kCannotRun = 3;

void print_commands() {
  for (const char* const name : {"nft", "node", "curl", "python3"}) {
    const std::string version = runner::command_version(name);
    fmt::print("{:<8} {:<18} {}\n", version.empty() ? "absent" : "ok", name,
               version.empty() ? "not on the PATH" : version);
  }
  const std::string faketime = runner::find_faketime();
  fmt::print("{:<8} {:<18} {}\n", faketime.empty() ? "absent" : "ok", "faketime",
             faketime.empty() ? "libfaketime isn't installed: no clock can be shifted" : faketime);
  if (faketime.empty()) fmt::print("{:<27} mend it with: apt-get install libfaketime\n", "");
}

void print_costs(const std::vector<scenario::Scenario>& scenarios) {
  const auto lost = costs(scenarios);
  std::size_t count = 0;
  for (const auto& [why, paths] : lost) {
    fmt::print("\n{}:\n", why);
    for (const std::string& path : paths) fmt::print("  {}\n", path);
    count += paths.size();
  }
  fmt::print("\n{} of {} scenarios can run here\n", scenarios.size() - count, scenarios.size());
}

}  // namespace

void print_findings(std::FILE* out, const std::vector<world::Finding>& findings, bool only_bad) {
  for (const world::Finding& finding : findings) {
    if (only_bad && finding.ok) continue;
    const char* const word = finding.ok ? "ok" : finding.required ? "MISSING" : "absent";
    fmt::print(out, "{:<8} {:<18} {}{}\n", word, finding.name, finding.what,
               finding.detail.empty() ? "" : ": " + finding.detail);
    if (!finding.ok && !finding.remedy.empty())
      fmt::print(out, "{:<27} mend it with: {}\n", "", finding.remedy);
  }
}

std::map<std::string, std::vector<std::string>> costs(
    const std::vector<scenario::Scenario>& scenarios) {
  runner::Needs needs;
  std::map<std::string, std::vector<std::string>> lost;
  for (const scenario::Scenario& scenario : scenarios) {
    if (const auto why = needs.unmet(scenario)) lost[*why].push_back(scenario.path);
  }
  return lost;
}

int doctor(const std::vector<std::string>& paths) {
  const std::vector<world::Finding> findings = world::probe();
  print_findings(stdout, findings, false);
  print_commands();
  if (!world::can_run(findings)) {
    fmt::print("scenarios can't run here\n");
    return kCannotRun;
  }
  fmt::print("scenarios can run here\n");
  std::error_code ignored;
  if (paths.empty() && !std::filesystem::is_directory("scenarios", ignored)) return 0;
  const Found found = find_scenarios(paths.empty() ? std::vector<std::string>{"scenarios"} : paths);
  for (const std::string& path : found.missing)
    fmt::print(stderr, "sallyport: no such file or folder: {}\n", path);
  if (!found.missing.empty()) return kMisuse;
  const LoadedAll all = load_all(found.files, {}, {});
  fmt::print(stderr, "{}", all.complaints);
  print_costs(all.scenarios);
  return all.complaints.empty() ? 0 : kMisuse;
}

}  // namespace sallyport::sim::app
