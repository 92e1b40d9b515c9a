#include "simulator/runner/leaks.h"

#include <arpa/inet.h>
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
#include <optional>
#include <sstream>

namespace sallyport::sim::runner {
namespace {

constexpr std::array kStates{"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
                             "FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
                             "CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"};

// `0100007F:0CEA`, an IPv6 one with 32 digits: words of four octets in the machine's order.
std::optional<net::Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t word = 0; word * 8 < colon; ++word) {
    const auto value =
        static_cast<std::uint32_t>(std::strtoul(text.substr(word * 8, 8).c_str(), nullptr, 16));
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&value), 4, octets.begin() + 4 * word);
  }
  std::array<char, INET6_ADDRSTRLEN> name{};
  ::inet_ntop(colon == 8 ? AF_INET : AF_INET6, octets.data(), name.data(), name.size());
  const auto address = net::IpAddress::parse(name.data());
  if (!address) return std::nullopt;
  const unsigned long port = std::strtoul(text.c_str() + colon + 1, nullptr, 16);
  return net::Endpoint{*address, static_cast<std::uint16_t>(port)};
}

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

std::map<std::string, TcpSocket> parse_tcp_table(const std::string& text) {
  std::map<std::string, TcpSocket> sockets;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state, skipped, inode;
    words >> number >> local >> remote >> state;
    // The queues, the timer, its end, the retransmits, the user, the timeout.
    for (int i = 0; i < 5; ++i) words >> skipped;
    words >> inode;
    const auto here = parse_endpoint(local);
    const auto there = parse_endpoint(remote);
    if (!here || !there || inode.empty() || inode == "0") continue;
    const int code = static_cast<int>(std::strtol(state.c_str(), nullptr, 16));
    sockets["socket:[" + inode + "]"] = TcpSocket{*here, *there, code};
  }
  return sockets;
}

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
