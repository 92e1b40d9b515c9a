// `sallyport doctor`: what this machine lacks, how to mend it, and which scenarios that costs. The
// command itself is declared in commands.h.
#pragma once

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "simulator/scenario/scenario.h"
#include "simulator/world/doctor.h"

namespace sallyport::sim::app {

// One line each, two with a remedy.
void print_findings(std::FILE* out, const std::vector<world::Finding>& findings, bool only_bad);

// The paths of those that can't run here, by the reason.
[[nodiscard]] std::map<std::string, std::vector<std::string>> costs(
    const std::vector<scenario::Scenario>& scenarios);

}  // namespace sallyport::sim::app
