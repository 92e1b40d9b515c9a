// The class of an exchange, decided from raw facts by one table (scenario reference, section 11).
// Pure: whoever makes an exchange fills RawFacts with what it saw, in any order, and asks once at
// the end. The first row of the table that fits is the class.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::sim::agents {

// How far an exchange came: the phase under way when it ended, or `done`.
enum class Phase { resolve, connect, tunnel, tls, request, head, body, done };
[[nodiscard]] std::string_view to_string(Phase phase);

// Who made the last whole head, to CONNECT or to the request (`answered_by`): the origin, or a
// supervisor or proxy on the way that answered itself.
enum class HeadMaker { none, origin, supervisor, proxy };

enum class SseEnd { none, terminal, missing, error, partial };
[[nodiscard]] std::string_view to_string(SseEnd end);  // `none` is an empty text

struct RawFacts {
  bool aborted = false;  // this step's own `abort` happened
  Phase phase = Phase::resolve;
  bool timed_out = false;  // the step's time ran out in `phase`
  // resolve: an rcode but NOERROR, no address, or no answer. A literal address never fails.
  bool resolve_failed = false;
  int connect_errno = 0;      // connect: errno, 0 while none was reported
  bool peer_was_via = false;  // connect: the address dialled was the supervisor's or proxy's
  HeadMaker head_by = HeadMaker::none;
  int status = 0;                  // of that head
  bool tls_verify_failed = false;  // tls: our own verification of the peer
  // The peer had ended a kept connection before this request's first byte left.
  bool kept_connection_ended = false;
  bool close_frame_early = false;  // a WebSocket close frame before the script's end
  // No HTTP head, chunk or WebSocket frame, or bytes left over after the framing.
  bool malformed = false;
  bool peer_ended = false;        // FIN or RST after the connection stood
  bool framing_complete = false;  // of the last answer, or of a raw script's whole answer
  SseEnd sse_end = SseEnd::none;
  // A raw script or WebSocket that ended the connection itself, its script done.
  bool script_done = false;
  // The answers were whole, but the peer ended before what a raw script still expected.
  bool script_unmet = false;
  bool upgrade_refused = false;  // a WebSocket was asked for, and the answer was no 101
};

// Never fails: facts that fit no row (an exchange given up for no reason) are `no_response`.
[[nodiscard]] std::string_view classify(const RawFacts& facts);

// Of a command: exec_failed, stalled, killed, exit_nonzero, ok.
struct RunFacts {
  bool started = false;
  bool timed_out = false;
  int signal = 0;  // that ended it
  int exit = 0;
};
[[nodiscard]] std::string_view classify(const RunFacts& facts);

// The words, in the order of the tables.
inline constexpr std::array<std::string_view, 17> kExchangeClasses{
    "aborted", "name_resolution", "proxy_unreachable", "refused",    "unroutable", "filtered",
    "denied",  "unavailable",     "tls_untrusted",     "tls_failed", "closed",     "malformed",
    "stalled", "no_response",     "truncated",         "http_error", "ok"};
inline constexpr std::array<std::string_view, 5> kRunClasses{"exec_failed", "stalled", "killed",
                                                             "exit_nonzero", "ok"};
inline constexpr std::array<std::string_view, 5> kGateClasses{"wrong_context", "exec_failed",
                                                              "unreachable", "skipped", "ok"};
inline constexpr std::array<std::string_view, 3> kControlClasses{"rejected", "stalled", "ok"};

}  // namespace sallyport::sim::agents
