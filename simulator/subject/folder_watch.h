// What a process writes into a folder, noticed by inotify: that something there was made, written
// or renamed, and the lines of a log as they are added. Lives on the world's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reference/net/executor.h"

namespace sallyport::sim::subject {

class FolderWatch {
 public:
  // Null when the folder can't be watched. `on_change` is called from the loop, now and then for
  // something else too: who is told looks for himself.
  [[nodiscard]] static std::unique_ptr<FolderWatch> make(net::Executor executor,
                                                         const std::string& folder,
                                                         std::function<void()> on_change);
  ~FolderWatch();  // nothing is called afterwards
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  class Impl;
  explicit FolderWatch(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// The whole lines that were added to a file since the last look. One that became shorter is read
// anew from its start.
class LogTail {
 public:
  LogTail(std::string path, std::function<void(const std::string& line)> on_line);
  void read();

 private:
  std::string path_;
  std::function<void(const std::string& line)> on_line_;
  std::uint64_t offset_ = 0;
  std::string begun_;
};

}  // namespace sallyport::sim::subject
