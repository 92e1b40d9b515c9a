// What a real command in a host of the world needs: its user, its folder, an agent's or operator's
// environment, its confinement. Of the steps that start commands alone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "simulator/runner/fake_tools.h"
#include "simulator/runner/stage.h"
#include "simulator/world/process.h"

namespace sallyport::sim::runner {

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// Of /etc/passwd: by name, or by number, which need not stand there. Empty: the agents' own.
[[nodiscard]] std::optional<User> user_of(const Stage& stage, const std::string& wanted);

struct CommandPlace {
  std::string from;  // the host
  // Whose workload it is as far as `environment: agent` goes; null: nobody's.
  const subject::Subject* whose = nullptr;
  std::string nonce;  // its folder's name
};

// The folder that the command may write to.
[[nodiscard]] std::string home_of(const Stage& stage, const std::string& nonce);

// `spec` with its variables replaced; its folders are made. Trouble is the stage's.
[[nodiscard]] world::CommandSpec agent_command(Stage& stage, const agents::RunSpec& spec,
                                               const CommandPlace& place, const User& user,
                                               const FakeTools& tools);

// Arguments and environment as one text, for the secrets rule.
[[nodiscard]] std::string text_of(const world::CommandSpec& command);

[[nodiscard]] std::string without_last_newline(std::string text);

}  // namespace sallyport::sim::runner
