// Fakes of commands for one `run` or `gate` step: small scripts that stand first on its PATH, say
// what they were told to, and tell the world over a pipe how they were called (event `tool`). One
// that asks waits for the world's word on each call. Names may also be made not to be found. Lives
// on the world's loop, as long as the command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/net/executor.h"
#include "simulator/agents/spec.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// How a fake was called. Of one that asks, `exit` is the number by which it is answered.
struct ToolCall {
  std::string name;
  int exit = 0;
  std::vector<std::string> arguments;
};

// What the world says to a call.
struct ToolReply {
  int exit = 0;
  std::string out, err;
};

class FakeTools {
 public:
  // Nothing: the tool waits until it is ended.
  using Ask = std::function<net::Task<std::optional<ToolReply>>(ToolCall call)>;

  // Makes `folder`, unless there is nothing to fake. Who calls may write to `home`. Trouble is the
  // stage's.
  FakeTools(Stage& stage, std::string step, std::string folder, std::string home,
            const std::vector<agents::ToolSpec>& tools);
  ~FakeTools();
  FakeTools(const FakeTools&) = delete;
  FakeTools& operator=(const FakeTools&) = delete;

  // Besides, one that asks. `told`: its calls are events. Nobody is asked any more once this is
  // gone; what is still being answered then goes to nobody.
  void add(const std::string& name, Ask ask, bool told);

  // `path` with the fakes first, and without the names that are missing.
  [[nodiscard]] std::string path(const std::string& path) const;
  // Empty without fakes.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string pipe() const { return folder_ + "/.calls"; }
  // Journals at once what fakes have told so far.
  void drain();

 private:
  class Calls;
  // False when there is no folder and no pipe.
  bool prepare();
  void write(const std::string& name, const std::string& script) const;
  [[nodiscard]] std::string without_missing(const std::string& folder) const;

  Stage& stage_;
  const std::string step_, wanted_, home_;
  std::string folder_;  // once it is made
  std::vector<std::string> missing_;
  std::shared_ptr<Calls> calls_;
};

// Takes the first call off `buffer`: counts and texts, each ended by a NUL. Nothing when it isn't
// there whole; what isn't a call is thrown away. Pure.
[[nodiscard]] std::optional<ToolCall> take_call(std::string& buffer);

// The script of a fake that tells `pipe`. Pure.
[[nodiscard]] std::string script_of(const agents::ToolSpec& tool, const std::string& pipe);

// The script of one that asks over `pipe` and is answered in `home` and `folder`. Pure.
[[nodiscard]] std::string asking_script(const std::string& name, const std::string& pipe,
                                        const std::string& home, const std::string& folder);

// `["a","b"]`. Pure.
[[nodiscard]] std::string json_list(const std::vector<std::string>& texts);

[[nodiscard]] std::string shell_quoted(const std::string& text);

}  // namespace sallyport::sim::runner
