#include "reference/identity/process_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>
#include <set>
#include <string_view>

#include "reference/base/unique_fd.h"

namespace sallyport::identity {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::size_t kStatBytesMax = 1024;
constexpr std::size_t kChildrenBytesMax = 1 << 18;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

std::optional<int> number_of(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// Entries that are numbers, at most `most` of them; nothing for a folder that can't be read.
std::vector<int> numbers_in(const std::string& path, std::size_t most) {
  std::vector<int> numbers;
  const Folder folder(::opendir(path.c_str()));
  if (!folder) return numbers;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto number = number_of(entry->d_name);
    if (number && numbers.size() < most) numbers.push_back(*number);
  }
  return numbers;
}

// At most `most` octets of it.
std::optional<std::string> contents(const std::string& path, std::size_t most) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < most) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  text.resize(std::min(text.size(), most));
  return text;
}

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (size <= 0 || static_cast<std::size_t>(size) == buffer.size()) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

// Whether one of the folder's links is the socket. Spends `left` for each that it looks at.
bool has_link(DIR* folder, std::string_view socket, std::size_t& left) {
  std::array<char, 64> target;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    if (left == 0) return false;
    --left;
    const ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target.data(), target.size());
    if (size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == socket) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string ProcessTable::path(int pid, const char* file) const {
  return fmt::format("{}/{}/{}", proc_, pid, file);
}

std::vector<int> ProcessTable::all() const {
  std::vector<int> pids = numbers_in(proc_, kProcessesMax);
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::optional<std::vector<int>> ProcessTable::children(int pid) const {
  std::vector<int> found;
  const std::string tasks = path(pid, "task");
  for (const int task : numbers_in(tasks, kProcessesMax)) {
    const auto text = contents(fmt::format("{}/{}/children", tasks, task), kChildrenBytesMax);
    if (!text) {
      // A thread that has just ended is no reason to look elsewhere.
      if (::access(fmt::format("{}/{}", tasks, task).c_str(), F_OK) != 0) continue;
      return std::nullopt;
    }
    std::string_view left = *text;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find(' '), left.size());
      if (const auto child = number_of(left.substr(0, end))) found.push_back(*child);
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  return found;
}

std::vector<int> ProcessTable::descendants(int anchor) const {
  if (::access(path(anchor, "").c_str(), F_OK) != 0) return {};
  std::vector<int> found{anchor};
  std::set<int> seen{anchor};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const auto below = children(found[next]);
    if (!below) return descendants_by_parents(anchor);
    for (const int child : *below) {
      if (found.size() < kProcessesMax && seen.insert(child).second) found.push_back(child);
    }
  }
  return found;
}

std::vector<int> ProcessTable::descendants_by_parents(int anchor) const {
  std::vector<std::pair<int, int>> parent_and_child;
  for (const int pid : all()) parent_and_child.emplace_back(parent(pid), pid);
  std::sort(parent_and_child.begin(), parent_and_child.end());
  std::vector<int> found{anchor};
  std::set<int> seen{anchor};
  for (std::size_t next = 0; next < found.size(); ++next) {
    auto at = std::lower_bound(parent_and_child.begin(), parent_and_child.end(),
                               std::pair<int, int>(found[next], 0));
    for (; at != parent_and_child.end() && at->first == found[next]; ++at) {
      if (seen.insert(at->second).second) found.push_back(at->second);
    }
  }
  return found;
}

Holders ProcessTable::holders(const std::vector<int>& pids, std::uint64_t socket_inode) const {
  const std::string socket = fmt::format("socket:[{}]", socket_inode);
  Holders holders;
  holders.complete = pids.size() < kProcessesMax;
  std::size_t left = kDescriptorsMax;
  for (const int pid : pids) {
    const Folder folder(::opendir(path(pid, "fd").c_str()));
    if (folder && has_link(folder.get(), socket, left)) holders.pids.push_back(pid);
  }
  if (left == 0) holders.complete = false;
  return holders;
}

std::optional<std::string> ProcessTable::executable(int pid) const {
  auto target = link_target(path(pid, "exe"));
  if (!target || !target->starts_with('/')) return std::nullopt;
  if (!target->ends_with(kDeleted)) return target;
  struct stat status {};
  if (::stat((path(pid, "root") + *target).c_str(), &status) != 0) {
    target->resize(target->size() - kDeleted.size());
  }
  return target;
}

int ProcessTable::parent(int pid) const {
  const auto text = contents(path(pid, "stat"), kStatBytesMax);
  if (!text) return 0;
  // `PID (NAME) STATE PPID ...`: the name may hold anything.
  const std::size_t name_end = text->rfind(") ");
  if (name_end == std::string::npos || text->size() < name_end + 5) return 0;
  const std::string_view rest = std::string_view(*text).substr(name_end + 4);
  return number_of(rest.substr(0, rest.find(' '))).value_or(0);
}

std::vector<std::string> ProcessTable::ancestors(int pid, int anchor) const {
  std::vector<std::string> found;
  int current = pid;
  for (int step = 0; step < kAncestorsMax && current != anchor; ++step) {
    const int above = parent(current);
    if (above <= 0 || above == current) break;
    if (auto executed = executable(above)) found.push_back(std::move(*executed));
    if (above == 1) break;
    current = above;
  }
  return found;
}

std::vector<std::string> ProcessTable::cmdline_paths(int pid) const {
  std::vector<std::string> paths;
  const auto text = contents(path(pid, "cmdline"), kArgumentBytesMax);
  if (!text) return paths;
  std::string_view left = *text;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\0'), left.size());
    if (left.front() == '/') paths.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return paths;
}

}  // namespace sallyport::identity
