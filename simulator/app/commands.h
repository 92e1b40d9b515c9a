// What the subcommands of `sallyport` do. Each prints and returns the program's exit code:
// 0 all green and something ran; 1 a failure; 2 misuse or an invalid scenario (then nothing runs);
// 3 nothing could run for lack of a capability; 4 an error of ours; 130 interrupted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::sim::app {

// Multiplies every bound by default: sanitizer builds are slow.
#ifdef SALLYPORT_SANITIZED
inline constexpr double kSlowByDefault = 4.0;
#else
inline constexpr double kSlowByDefault = 1.0;
#endif

struct RunCommand {
  std::vector<std::string> paths;
  std::size_t jobs = 2;
  std::vector<std::string> tags;
  std::vector<std::string> cells;
  std::vector<std::string> sets;
  std::string keep = "never";
  std::string keep_folder = "sallyport-artefacts";
  std::string junit, json;  // files; empty: none
  double slow = kSlowByDefault;
  // Descriptions, or `reference`; empty: the reference, and reports don't name it.
  std::vector<std::string> subjects;
  std::string supervisor;  // binary of the reference; empty: beside this one
  std::string gateway;     // as above
  bool strict = false;     // what can't run here fails
  std::uint64_t repeat = 1;
  std::optional<std::uint64_t> seed;
  bool verbose = false;
  bool quiet = false;
  std::string program = "sallyport";  // argv[0]
};

[[nodiscard]] int run(const RunCommand& command);
[[nodiscard]] int lint(const std::vector<std::string>& paths, const std::vector<std::string>& sets);
[[nodiscard]] int plan(const std::string& path, const std::vector<std::string>& sets,
                       bool cells_only);
// What the machine lacks, and which of the scenarios below `paths` that costs; without paths those
// of ./scenarios, if it is there.
[[nodiscard]] int doctor(const std::vector<std::string>& paths);

}  // namespace sallyport::sim::app
