// What `exec` and a sandbox say to each other, as texts of one message each. Pure; what comes from
// the other side is checked.
//
//   exec -> sandbox   the request, with three descriptors: the command's streams
//                     signal N             to the command's process group
//   sandbox -> exec   started INODE        of the agent's network namespace
//                     ended CODE           the command's end
//                     timed_out            its processes were ended
//                     not_run WHY          nothing runs
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sandbox {

// The octets of all words together.
inline constexpr std::size_t kExecWordsMax = 128 * 1024;

struct ExecRequest {
  std::int64_t timeout_ms = 0;  // 0: none
  std::vector<std::string> words;

  friend bool operator==(const ExecRequest&, const ExecRequest&) = default;
};

// Nothing when the words are too long.
[[nodiscard]] std::optional<std::string> write_exec_request(const ExecRequest& request);
// Nothing when it isn't one.
[[nodiscard]] std::optional<ExecRequest> read_exec_request(std::string_view text);

// The number of a `signal N` that may be passed on: SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
// SIGUSR2, SIGCONT, SIGWINCH, SIGKILL.
[[nodiscard]] std::optional<int> read_signal(std::string_view text);

}  // namespace sallyport::sandbox
