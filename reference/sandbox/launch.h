// Makes a sandbox: its namespaces and its keeper, with one clone3 while the caller is still
// single-threaded and has no loop. Without the rights for it, in a user namespace of its own in
// which the caller stays who it is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/sandbox/command.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// A sandbox whose inside is set up and whose agent hasn't begun. Everything in it ends with the
// object.
class Sandbox {
 public:
  // Nothing, and what is wrong. `words`: the agent's command. Waits some milliseconds for the
  // inside, at most twenty seconds.
  [[nodiscard]] static std::optional<Sandbox> launch(const Plan& plan,
                                                     const std::vector<std::string>& words,
                                                     std::string& wrong);
  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) = delete;
  ~Sandbox();

  [[nodiscard]] pid_t keeper() const { return keeper_; }
  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] bool own_user_namespace() const { return own_users_; }
  // The way to the keeper (keeper.h).
  [[nodiscard]] int channel() const { return channel_.get(); }

  // To be taken once each.
  base::UniqueFd listening, attempts, socket_diag, netns;

 private:
  Sandbox() = default;
  [[nodiscard]] std::string clone(const Plan& plan, const std::vector<std::string>& words,
                                  Terminal terminal);
  [[nodiscard]] std::string await_ready();

  pid_t keeper_ = -1;
  bool own_users_ = false;
  base::UniqueFd channel_;
  Report report_;
  bool foreground_ = false;  // the terminal is to come back
};

}  // namespace sallyport::sandbox
