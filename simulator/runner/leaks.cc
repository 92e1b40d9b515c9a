#include "simulator/runner/leaks.h"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>

namespace sallyport::sim::runner {
namespace {

constexpr std::array kStates{"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
                             "FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
                             "CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"};

std::string name_of(const std::string& target) {
  // Which of them it is tells nothing.
  const std::size_t bracket = target.find(":[");
  return bracket == std::string::npos ? target : target.substr(0, bracket);
}

bool is_unnamed(const std::string& name) { return name == "anon_inode"; }

std::map<std::string, std::size_t> counts_of(const Holdings& holdings) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& target : holdings.descriptors) {
    if (!holdings.sockets.contains(target)) ++counts[name_of(target)];
  }
  return counts;
}

std::size_t listeners_of(const Holdings& holdings) {
  return static_cast<std::size_t>(
      std::count_if(holdings.sockets.begin(), holdings.sockets.end(),
                    [](const auto& one) { return one.second.state == TCP_LISTEN; }));
}

bool may_keep(const TcpSocket& socket, const Keeping& keeping) {
  // One that is being opened ends by its own bound.
  if (socket.state == TCP_LISTEN || socket.state == TCP_SYN_SENT) return true;
  if (keeping.peers.contains(socket.remote.port)) return true;
  return keeping.own != 0 && socket.local.port == keeping.own && socket.state == TCP_ESTABLISHED;
}

void add_sockets(const Holdings& before, const Holdings& now, const Keeping& keeping,
                 std::vector<std::string>& found) {
  if (listeners_of(now) > listeners_of(before))
    found.push_back(fmt::format("{} listening sockets, {} when it was ready", listeners_of(now),
                                listeners_of(before)));
  for (const auto& [target, socket] : now.sockets) {
    if (may_keep(socket, keeping) || before.sockets.contains(target)) continue;
    const auto state = static_cast<std::size_t>(socket.state);
    found.push_back(fmt::format("a connection {} -> {} ({})", socket.local.to_string(),
                                socket.remote.to_string(),
                                kStates[state < kStates.size() ? state : 0]));
  }
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// All that is below `folder` on the same file system.
void list_below(const std::string& folder, dev_t device, const std::string& except,
                std::set<std::string>& found) {
  const std::unique_ptr<DIR, CloseFolder> entries(::opendir(folder.c_str()));
  if (!entries) return;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = folder + "/" + name;
    struct stat status {};
    if (path == except || ::lstat(path.c_str(), &status) != 0 || status.st_dev != device) continue;
    found.insert(path);
    if (S_ISDIR(status.st_mode)) list_below(path, device, except, found);
  }
}

}  // namespace

std::vector<std::string> leaked(const Holdings& before, const Holdings& now,
                                const Keeping& keeping) {
  std::vector<std::string> found;
  add_sockets(before, now, keeping, found);
  const auto had = counts_of(before);
  for (const auto& [name, count] : counts_of(now)) {
    const auto known = had.find(name);
    const std::size_t was = known == had.end() ? 0 : known->second;
    const std::size_t more = is_unnamed(name) ? keeping.unnamed : 0;
    if (count > was + more)
      found.push_back(fmt::format("{} of {}, {} when it was ready", count, name, was));
  }
  if (now.threads > before.threads + keeping.threads)
    found.push_back(fmt::format("{} threads, {} when it was ready", now.threads, before.threads));
  for (const std::string& child : now.children) {
    if (std::find(before.children.begin(), before.children.end(), child) == before.children.end())
      found.push_back("the process " + child);
  }
  return found;
}

std::set<std::string> loose_files(const std::string& except) {
  std::set<std::string> found;
  struct stat root {};
  ::stat("/", &root);
  const char* const home = std::getenv("HOME");
  for (const char* const folder :
       {"/tmp", "/var/tmp", "/run", "/dev/shm", home != nullptr ? home : "/tmp"}) {
    struct stat status {};
    struct statfs system {};
    if (::stat(folder, &status) != 0 || ::statfs(folder, &system) != 0) continue;
    // The machine's own folder, where the world has none of its own.
    if (status.st_dev == root.st_dev || system.f_type != TMPFS_MAGIC) continue;
    list_below(folder, status.st_dev, except, found);
  }
  return found;
}

std::string machine_state() {
  std::string state;
  for (const char* const path : {"/proc/self/mountinfo", "/proc/net/dev"}) {
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);) {
      // Of links only the names: their counters go on.
      state += (path[6] == 'n' ? line.substr(0, line.find(':')) : line) + "\n";
    }
  }
  for (const char* const kind : {"net", "mnt", "pid", "user", "ipc", "uts"}) {
    std::array<char, 64> target{};
    const std::string path = std::string("/proc/self/ns/") + kind;
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size > 0) state += std::string(target.data(), static_cast<std::size_t>(size)) + "\n";
  }
  return state;
}

}  // namespace sallyport::sim::runner
