// For tests: does something in a throwaway world and brings back what was seen, as text, since a
// test's own assertions can't be made in another process.
#pragma once

#include <functional>
#include <string>

#include "reference/net/executor.h"
#include "simulator/world/clone_world.h"
#include "simulator/world/process.h"

namespace sallyport::sim::world::testing {

// A folder of its own below the temporary folder; removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Observe = std::function<std::string(WorldContext&)>;

// What `observe` returned; `exit N`, `signal N` or `set-up: ...` when it didn't come to that.
[[nodiscard]] std::string in_world(const WorldPlan& plan, const Observe& observe);

// A plan with this folder to write in, and the test's own binary to be found.
[[nodiscard]] WorldPlan plan_with(const TemporaryFolder& folder);

// Runs a command to its end on a loop of its own.
struct Ran {
  Exit exit;
  std::string out, err;
  bool dropped = false;
};
[[nodiscard]] Ran run(const CommandSpec& spec);
// `exit 0 "out" "err"`, `signal 9 ...`, `exec_failed 2 ...`.
[[nodiscard]] std::string describe(const Ran& ran);

// `/bin/sh -c SCRIPT` with a PATH.
[[nodiscard]] CommandSpec shell(const std::string& script);

}  // namespace sallyport::sim::world::testing
