// What /proc says of processes. Reads files alone, bounded in how many and how long; never an
// error: a process that is gone, or may not be looked at, isn't there. The folder may be a fake.
// Follows OpenShell procfs.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::identity {

inline constexpr std::size_t kProcessesMax = 32768;    // of one listing
inline constexpr std::size_t kDescriptorsMax = 65536;  // looked at in one search
inline constexpr int kAncestorsMax = 64;
inline constexpr std::size_t kArgumentBytesMax = 16384;  // of a command line that are read

struct Holders {
  std::vector<int> pids;
  bool complete = true;  // false: a bound was hit, there may be others
};

class ProcessTable {
 public:
  explicit ProcessTable(std::string proc) : proc_(std::move(proc)) {}

  // `anchor` and all below it, breadth first; nothing if it isn't there.
  [[nodiscard]] std::vector<int> descendants(int anchor) const;
  [[nodiscard]] std::vector<int> all() const;  // ascending
  // Those of `pids` that have the socket open.
  [[nodiscard]] Holders holders(const std::vector<int>& pids, std::uint64_t socket_inode) const;

  // The path of what it executes. ` (deleted)` is cut off unless that is its name.
  [[nodiscard]] std::optional<std::string> executable(int pid) const;
  // Executables of its parents, nearest first, up to and including `anchor` (-1: none) or process
  // 1. None of the anchor's own. A parent that can't be read is left out.
  [[nodiscard]] std::vector<std::string> ancestors(int pid, int anchor) const;
  // Arguments that look like absolute paths. Whoever runs the process chose them.
  [[nodiscard]] std::vector<std::string> cmdline_paths(int pid) const;

 private:
  [[nodiscard]] std::string path(int pid, const char* file) const;
  [[nodiscard]] int parent(int pid) const;  // 0: it has none, or isn't there
  // Nothing where the kernel doesn't tell children.
  [[nodiscard]] std::optional<std::vector<int>> children(int pid) const;
  [[nodiscard]] std::vector<int> descendants_by_parents(int anchor) const;
  std::string proc_;
};

}  // namespace sallyport::identity
