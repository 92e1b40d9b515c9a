// The run on a terminal or in a pipe: a verdict line a cell as it ends, then the failures, told as
// a good compiler tells its errors, then one line that sums up.
#pragma once

#include <cstdio>
#include <string>

#include "simulator/runner/result.h"

namespace sallyport::sim::report {

struct ConsoleOptions {
  bool colour = false;                // ANSI colours; NO_COLOR and pipes switch them off
  bool progress = false;              // a line that is overwritten while cells run; terminals only
  bool verbose = false;               // times by phase
  bool quiet = false;                 // failures and the last line only
  std::string command = "sallyport";  // how the run was called, for the line that re-runs a cell
};

class Console {
 public:
  // `out` must outlive the console.
  Console(std::FILE* out, ConsoleOptions options) : out_(out), options_(std::move(options)) {}

  void begin(std::size_t cells);
  void cell_done(const runner::CellResult& result);
  // Failures, notes, and last `N passed, N failed, N skipped in T (N scenarios)`.
  void end(const runner::RunResult& run);

 private:
  void show_progress();
  void hide_progress();
  [[nodiscard]] std::string paint(runner::Verdict verdict, const std::string& text) const;

  std::FILE* out_;
  ConsoleOptions options_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  bool shown_ = false;
};

// A failed cell as text: claim, expected, observed, the YAML line with a caret, the record's line,
// the last events, the subject's stderr, the command that re-runs the cell. Reads the scenario's
// file for the quoted lines; a file that is gone is left out.
[[nodiscard]] std::string describe_failure(const runner::CellResult& result,
                                           const std::string& command);

}  // namespace sallyport::sim::report
