// Reports for machines: JUnit XML (as GitLab and Jenkins read it) and JSON.
#pragma once

#include <string>

#include "simulator/runner/result.h"

namespace sallyport::sim::report {

// A <testsuite> per scenario, a <testcase> per cell; skips and failures with their text.
[[nodiscard]] std::string to_junit(const runner::RunResult& run, const std::string& command);

// One object: `cells` (each with verdict, axes, failures, phases in nanoseconds) and a summary.
[[nodiscard]] std::string to_json(const runner::RunResult& run);

}  // namespace sallyport::sim::report
