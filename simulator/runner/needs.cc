#include "simulator/runner/needs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <sstream>
#include <vector>

#include "reference/base/unique_fd.h"
#include "simulator/runner/fault_steps.h"
#include "simulator/runner/process_faults.h"
#include "simulator/world/doctor.h"

namespace sallyport::sim::runner {
namespace {

std::vector<unsigned long> numbers_of(const std::string& text) {
  std::vector<unsigned long> numbers;
  std::size_t at = text.find_first_of("0123456789");
  while (at != std::string::npos && at < text.size() &&
         std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
    unsigned long number = 0;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      number = number * 10 + static_cast<unsigned long>(text[at] - '0');
    }
    numbers.push_back(number);
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  return numbers;
}

// The first bytes that `path --version` prints; empty when it can't be run.
std::string version_of(const std::string& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  std::string program = path;
  std::string flag = "--version";
  std::array<char*, 3> arguments{program.data(), flag.data(), nullptr};
  pid_t child = -1;
  const int failed =
      ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  write_end.reset();
  if (failed != 0) return {};
  std::array<char, 256> buffer{};
  const ssize_t size = ::read(read_end.get(), buffer.data(), buffer.size());
  read_end.reset();
  int status = 0;
  ::waitpid(child, &status, 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

// Whether the program is in the folder of this one.
bool stands_beside(const std::string& name) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return !ignored && ::access((self.parent_path() / name).c_str(), X_OK) == 0;
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

bool has_firewall() {
  const std::vector<world::Finding> findings = world::probe();
  return std::any_of(findings.begin(), findings.end(), [](const world::Finding& finding) {
    return finding.name == "firewall" && finding.ok;
  });
}

bool has_landlock() {
#ifdef SYS_landlock_create_ruleset
  constexpr unsigned kVersionOnly = 1;
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionOnly) > 0;
#else
  return false;
#endif
}

}  // namespace

bool version_fits(const std::string& found, const std::string& wanted) {
  if (wanted.empty()) return true;
  const std::vector<unsigned long> have = numbers_of(found);
  const std::vector<unsigned long> want = numbers_of(wanted);
  for (std::size_t i = 0; i < want.size(); ++i) {
    const unsigned long number = i < have.size() ? have[i] : 0;
    if (number != want[i]) return number > want[i];
  }
  return !have.empty();
}

std::string find_command(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  std::istringstream folders("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = folder + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

std::optional<std::string> Needs::unmet(const scenario::Need& need) {
  if (need.name == "command") {
    const std::string path = find_command(need.command);
    // The gateway's command line is ours, beside this program, and on an operator's PATH.
    if (path.empty() && need.command == "sallyport-gateway") return std::nullopt;
    // So is a middleware service of the build, on such services' PATH.
    if (path.empty() && stands_beside(need.command)) return std::nullopt;
    if (path.empty()) return fmt::format("needs the command {}", need.command);
    if (need.version.empty()) return std::nullopt;
    const std::string found = version_of(path);
    if (version_fits(found, need.version)) return std::nullopt;
    return fmt::format("needs {} {}, not {}", need.command, need.version,
                       found.substr(0, found.find('\n')));
  }
  const bool met =
      (need.name == "root" && ::geteuid() == 0) || (need.name == "ids" && ::geteuid() == 0) ||
      (need.name == "ipv6" && exists("/proc/sys/net/ipv6")) ||
      (need.name == "seccomp" && exists("/proc/sys/kernel/seccomp")) ||
      (need.name == "faketime" && !find_faketime().empty()) ||
      (need.name == "netem" && exists("/sys/module/sch_netem")) ||
      (need.name == "firewall" && has_firewall()) || (need.name == "landlock" && has_landlock());
  if (met) return std::nullopt;
  return fmt::format("needs {}", need.name);
}

std::string command_version(const std::string& name) {
  const std::string path = find_command(name);
  if (path.empty()) return {};
  const std::string said = version_of(path);
  return said.substr(0, said.find('\n'));
}

std::vector<std::string> derived_needs(const scenario::Cell& cell) {
  std::vector<std::string> needs;
  if (needs_firewall(cell)) needs.emplace_back("firewall");
  const auto any_step = [&cell](auto fits) {
    return std::any_of(cell.steps.begin(), cell.steps.end(), fits);
  };
  const bool shifts = any_step([](const scenario::Step& step) {
    const auto* const fault = std::get_if<scenario::Fault>(&step.verb);
    return fault != nullptr && fault->kind == scenario::FaultKind::shifted;
  });
  if (shifts) needs.emplace_back("faketime");
  const bool has_users = any_step([](const scenario::Step& step) {
    const auto* const run = std::get_if<agents::RunSpec>(&step.verb);
    return run != nullptr && !run->user.empty();
  });
  if (has_users) needs.emplace_back("ids");
  return needs;
}

bool needs_firewall(const scenario::Cell& cell) {
  const bool down = (cell.gateway && !cell.gateway->up) ||
                    std::any_of(cell.supervisors.begin(), cell.supervisors.end(),
                                [](const scenario::Supervisor& one) { return !one.up; }) ||
                    std::any_of(cell.middleware.begin(), cell.middleware.end(),
                                [](const middleware::ServiceSpec& service) { return !service.up; });
  const bool light_down =
      std::any_of(cell.providers.begin(), cell.providers.end(),
                  [](const providers::ProviderSpec& provider) { return !provider.up; });
  if (down || light_down || !cell.firewall.empty()) return true;
  return std::any_of(cell.steps.begin(), cell.steps.end(), [](const scenario::Step& step) {
    const auto* const fault = std::get_if<scenario::Fault>(&step.verb);
    const auto* const control = std::get_if<scenario::ProcessControl>(&step.verb);
    return std::holds_alternative<scenario::SetFirewall>(step.verb) ||
           (fault != nullptr && needs_packets(fault->kind)) ||
           (control != nullptr && control->kind != scenario::ProcessControl::Kind::start);
  });
}

std::optional<std::string> Needs::unmet(const scenario::Scenario& scenario) {
  std::vector<scenario::Need> needs = scenario.needs;
  for (const scenario::Cell& cell : scenario.cells) {
    for (const std::string& name : derived_needs(cell)) {
      scenario::Need need;
      need.name = name;
      need.derived = true;
      needs.push_back(std::move(need));
    }
  }
  for (const scenario::Need& need : needs) {
    const std::string key = need.name + " " + need.command + " " + need.version;
    const auto found = known_.find(key);
    const auto answer =
        found != known_.end() ? found->second : known_.emplace(key, unmet(need)).first->second;
    if (answer) return answer;
  }
  return std::nullopt;
}

}  // namespace sallyport::sim::runner
