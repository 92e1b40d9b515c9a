#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "simulator/world/process.h"

namespace sallyport::sim::world {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Status {
  char state = 0;
  pid_t parent = 0;
  std::string comm;
};

// `PID (COMM) STATE PPID ...`; COMM may hold anything, also parentheses.
Status parse_stat(const std::string& stat) {
  Status status;
  const auto open = stat.find('(');
  const auto close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 4 > stat.size()) {
    return status;
  }
  status.comm = stat.substr(open + 1, close - open - 1);
  status.state = stat[close + 2];
  status.parent = std::atoi(stat.c_str() + close + 4);
  return status;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

std::vector<RunningProcess> running_processes(const std::vector<pid_t>& own) {
  std::vector<RunningProcess> found;
  const std::unique_ptr<DIR, CloseFolder> proc(::opendir("/proc"));
  if (!proc) return found;
  const pid_t self = ::getpid();
  while (const dirent* entry = ::readdir(proc.get())) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0 || pid == self) continue;
    const std::string folder = std::string("/proc/") + entry->d_name;
    const Status status = parse_stat(read_file(folder + "/stat"));
    if (status.state == 0) continue;  // gone meanwhile
    if (status.state == 'Z' || status.state == 'X') {
      const bool awaited = std::find(own.begin(), own.end(), pid) != own.end();
      if (status.parent == self && !awaited) ::waitpid(pid, nullptr, WNOHANG);
      continue;
    }
    std::string command = read_file(folder + "/cmdline");
    while (!command.empty() && command.back() == '\0') command.pop_back();
    std::replace(command.begin(), command.end(), '\0', ' ');
    if (command.empty()) command = "[" + status.comm + "]";
    found.push_back({pid, status.parent, std::move(command)});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace sallyport::sim::world
