// What comes out of a command, of the probe and of the gate as a whole. Values without I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::readiness {

enum class Class {
  ok,
  skipped,        // not asked, so nothing is proven
  unreachable,    // the probe ran, the route doesn't serve; or the bridge is closed
  exec_failed,    // the probe didn't run, or nobody can tell what it found
  wrong_context,  // the probe ran in another network namespace than the agent's
};
[[nodiscard]] std::string_view name(Class outcome);
// 0 ok, 1 unreachable, 3 skipped, 4 exec_failed, 5 wrong_context; 2 is misuse.
[[nodiscard]] int exit_code(Class outcome);

// What became of a command.
struct CommandResult {
  enum class End { exited, timed_out, not_run };
  End end = End::not_run;
  int code = 0;  // of `exited`; 128 and the signal
  std::string out, err;
  bool cut = false;  // there was more than is kept
};

// What the probe told apart from its verdict.
struct ProbeFacts {
  std::optional<std::uint64_t> netns;
  std::optional<int> curl_exit;
  std::string http_connect;  // the status of the answer to CONNECT, "000" for none
  std::string tls_verify;    // curl's ssl_verify_result, digits
};

struct Report {
  Class outcome = Class::exec_failed;
  std::string reason;   // one word of docs/readiness.md
  std::string code;     // three digits, or empty
  std::string message;  // a sentence, where it isn't ok
  std::string detail;   // at most 300 octets, printable
  int calls = 0;        // of the exec command
  int gaps = 0;
  ProbeFacts facts;  // of the last call
  std::optional<std::uint64_t> agent_netns;
  std::string network;  // after the downgrade
  bool downgraded = false;
  std::string bridge;   // reason of the last re-check; empty: none was made
  std::string fix;      // reason of the firewall fix; empty: not considered
  std::string recheck;  // what the re-check comes to: the fix's reason where that was loud
  std::vector<std::string> recovery;
  std::vector<std::string> notes;  // what is said beside the verdict: warnings, the downgrade
};

}  // namespace sallyport::readiness
