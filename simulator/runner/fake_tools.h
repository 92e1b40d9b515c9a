// Fakes of commands for one `run` step: small scripts that stand first on its PATH, say what they
// were told to, and tell the world over a pipe how they were called (event `tool`). Names may also
// be made not to be found. Lives on the world's loop, as long as the command.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/agents/spec.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

class FakeTools {
 public:
  // Makes `folder`, unless there is nothing to fake. Trouble is the stage's.
  FakeTools(Stage& stage, std::string step, std::string folder,
            const std::vector<agents::ToolSpec>& tools);
  ~FakeTools();
  FakeTools(const FakeTools&) = delete;
  FakeTools& operator=(const FakeTools&) = delete;

  // `path` with the fakes first, and without the names that are missing.
  [[nodiscard]] std::string path(const std::string& path) const;
  // Empty without fakes.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string pipe() const { return folder_ + "/.calls"; }
  // Journals at once what fakes have told so far.
  void drain();

 private:
  class Calls;
  void write(const agents::ToolSpec& tool) const;
  [[nodiscard]] std::string without_missing(const std::string& folder, std::size_t number) const;

  Stage& stage_;
  std::string folder_;
  std::vector<std::string> missing_;
  std::shared_ptr<Calls> calls_;
};

// How a fake was called.
struct ToolCall {
  std::string name;
  int exit = 0;
  std::vector<std::string> arguments;
};

// Takes the first call off `buffer`: counts and texts, each ended by a NUL. Nothing when it isn't
// there whole; what isn't a call is thrown away. Pure.
[[nodiscard]] std::optional<ToolCall> take_call(std::string& buffer);

// The script of a fake that tells `pipe`. Pure.
[[nodiscard]] std::string script_of(const agents::ToolSpec& tool, const std::string& pipe);

// `["a","b"]`. Pure.
[[nodiscard]] std::string json_list(const std::vector<std::string>& texts);

}  // namespace sallyport::sim::runner
