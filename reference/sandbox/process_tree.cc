#include "reference/sandbox/process_tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace sallyport::sandbox {
namespace {

using SteadyClock = std::chrono::steady_clock;

pid_t last_number(std::string_view text) {
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) == 0)
    text.remove_suffix(1);
  std::size_t begin = text.size();
  while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
  pid_t value = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), value);
  return value;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<ProcessEntry> all_processes(const std::string& proc) {
  std::vector<ProcessEntry> all;
  std::error_code error;
  for (std::filesystem::directory_iterator at(proc, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const ProcessEntry entry = parse_status(read_text(at->path() / "status"));
    if (entry.pid > 0) all.push_back(entry);
  }
  return all;
}

// Reaps what has ended; where nothing has, waits for one child's end, at most until `until`.
bool reap(SteadyClock::time_point until) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  bool some = false;
  pid_t ended = 0;
  while ((ended = ::waitpid(-1, nullptr, WNOHANG)) > 0) some = true;
  // Below zero: nobody is left, and no signal will come for it.
  if (some || ended < 0) return true;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()).count();
  if (left <= 0) return false;
  const timespec bound{left / 1000, (left % 1000) * 1'000'000};
  return ::sigtimedwait(&child, nullptr, &bound) > 0;
}

}  // namespace

ProcessEntry parse_status(std::string_view status) {
  ProcessEntry entry;
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    const std::string_view line = status.substr(0, end);
    status.remove_prefix(std::min(end + 1, status.size()));
    if (line.starts_with("Pid:")) entry.pid = last_number(line);
    if (line.starts_with("PPid:")) entry.parent = last_number(line);
    // From the outermost namespace to its own.
    if (line.starts_with("NSpid:")) entry.own = last_number(line);
  }
  return entry;
}

std::vector<pid_t> below(const std::vector<ProcessEntry>& all, pid_t root) {
  std::multimap<pid_t, const ProcessEntry*> children;
  for (const ProcessEntry& one : all) children.emplace(one.parent, &one);
  std::set<pid_t> seen{root};
  std::vector<pid_t> found, waiting{root};
  while (!waiting.empty()) {
    const auto [first, last] = children.equal_range(waiting.back());
    waiting.pop_back();
    for (auto at = first; at != last; ++at) {
      if (!seen.insert(at->second->pid).second) continue;
      waiting.push_back(at->second->pid);
      found.push_back(at->second->own);
    }
  }
  return found;
}

bool end_processes_below(int ms, const std::string& proc) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const auto until = SteadyClock::now() + std::chrono::milliseconds(ms);
  // Again and again: who is ended last may have made others meanwhile.
  for (;;) {
    const auto all = all_processes(proc);
    std::error_code error;
    const std::string self = std::filesystem::read_symlink(proc + "/self", error).string();
    const auto left = below(all, last_number(self));
    for (const pid_t pid : left) {
      if (pid > 1) ::kill(pid, SIGKILL);
    }
    if (::waitpid(-1, nullptr, WNOHANG) < 0) return true;  // ECHILD: there are none
    if (!reap(until)) return false;
  }
}

}  // namespace sallyport::sandbox
