// What a scenario needs of the machine beyond worlds themselves, looked at once a run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/scenario/scenario.h"

namespace sallyport::sim::runner {

class Needs {
 public:
  // Why `scenario` can't run here; nothing when it can. Answers are remembered.
  [[nodiscard]] std::optional<std::string> unmet(const scenario::Scenario& scenario);

 private:
  [[nodiscard]] std::optional<std::string> unmet(const scenario::Need& need);
  std::map<std::string, std::optional<std::string>> known_;
};

// Whether the cell has faults made of packets, or actors that are down for a while: who runs into
// them is told by the packet filter.
[[nodiscard]] bool needs_firewall(const scenario::Cell& cell);

// What the cell shows by itself that it needs: firewall, faketime (clocks shifted), ids (commands
// of a user's).
[[nodiscard]] std::vector<std::string> derived_needs(const scenario::Cell& cell);

// The first line that `NAME --version` prints; empty when it can't be run.
[[nodiscard]] std::string command_version(const std::string& name);

// Whether `found` (`v20.20.2`, `curl 7.88.1 ...`) fits `wanted` (`>=20`, `>=7.80`): numbers between
// dots are compared one by one. An empty wish always fits.
[[nodiscard]] bool version_fits(const std::string& found, const std::string& wanted);

// The full path of a command, by the PATH that agents get; empty when there is none.
[[nodiscard]] std::string find_command(const std::string& name);

}  // namespace sallyport::sim::runner
