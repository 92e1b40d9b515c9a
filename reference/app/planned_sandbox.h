// What a sandbox is made from, settled by its first generation and the supervisor's own process;
// and then what it can follow of later generations. Owned by main.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reference/egress/egress.h"
#include "reference/inference/routes.h"
#include "reference/sandbox/environment.h"
#include "reference/sandbox/plan.h"
#include "reference/supervisor/agent_files.h"

namespace sallyport::app {

using VariableNames = std::set<std::string, std::less<>>;

// The environment, and which of it the supervisor has read for itself: that is not the agent's.
class ReadVariables {
 public:
  [[nodiscard]] inference::Environment reader();
  [[nodiscard]] const VariableNames& all() const { return read_; }

 private:
  VariableNames read_;
};

class PlannedSandbox {
 public:
  // `hidden` as in sandbox::Plan.
  PlannedSandbox(std::string name, std::string hidden);

  // Once. The policy's static sections, the baseline and the machine make the plan, and the
  // generation's policy then has what will be in force. Empty, or what is wrong. `folder`: where
  // commands begin; empty: here.
  [[nodiscard]] std::string settle_plan(const std::string& folder, const std::string& ca_output,
                                        egress::Generation& first, const VariableNames& read);
  [[nodiscard]] const sandbox::Plan& plan() const { return plan_; }
  // What the baseline added to the policy's paths.
  [[nodiscard]] const std::vector<std::string>& added() const { return added_; }

  // A later policy's static sections, with the baseline in them as well. Why the sandbox, which
  // runs, can't follow them; else empty: what they add counts from its next start.
  [[nodiscard]] std::string settle(policy::StaticSections& next) const;

  // What commands find in their environment with these placeholders. A variable that once held one
  // is never again what the supervisor was started with.
  [[nodiscard]] std::vector<std::string> environment_with(
      const supervisor::Placeholders& placeholders);

 private:
  sandbox::Plan plan_;
  policy::StaticSections live_;
  std::vector<std::string> added_;
  sandbox::EnvironmentSources sources_;
};

}  // namespace sallyport::app
