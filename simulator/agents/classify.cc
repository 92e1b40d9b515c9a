#include "simulator/agents/classify.h"

#include <cerrno>

namespace sallyport::sim::agents {
namespace {

constexpr std::array<std::string_view, 8> kPhases{"resolve", "connect", "tunnel", "tls",
                                                  "request", "head",    "body",   "done"};
constexpr std::array<std::string_view, 5> kSseEnds{"", "terminal", "missing", "error", "partial"};

bool connect_failed(const RawFacts& f) {
  return f.phase == Phase::connect && (f.connect_errno != 0 || f.timed_out);
}

bool made_on_the_way(const RawFacts& f) {
  return f.head_by == HeadMaker::supervisor || f.head_by == HeadMaker::proxy;
}

bool stream_broken(const RawFacts& f) {
  return f.sse_end == SseEnd::partial || f.sse_end == SseEnd::error;
}

// An error says more than the expectation that it made impossible.
bool unmet(const RawFacts& f) { return f.script_unmet && f.status < 400; }

bool complete(const RawFacts& f) { return f.phase == Phase::done && f.framing_complete; }

struct Row {
  std::string_view name;
  bool (*fits)(const RawFacts&);
};

// In the order of the scenario reference: the first that fits.
constexpr std::array<Row, 16> kRows{{
    {"aborted", [](const RawFacts& f) { return f.aborted; }},
    {"name_resolution",
     [](const RawFacts& f) {
       return f.phase == Phase::resolve && (f.resolve_failed || f.timed_out);
     }},
    {"proxy_unreachable", [](const RawFacts& f) { return connect_failed(f) && f.peer_was_via; }},
    {"refused",
     [](const RawFacts& f) {
       return f.phase == Phase::connect &&
              (f.connect_errno == ECONNREFUSED || f.connect_errno == ECONNRESET);
     }},
    // ETIMEDOUT is the kernel's word for what our own clock says as timed_out.
    {"unroutable",
     [](const RawFacts& f) {
       return f.phase == Phase::connect && f.connect_errno != 0 && f.connect_errno != ETIMEDOUT;
     }},
    {"filtered", connect_failed},
    {"denied",
     [](const RawFacts& f) { return made_on_the_way(f) && f.status >= 400 && f.status < 500; }},
    {"unavailable", [](const RawFacts& f) { return made_on_the_way(f) && f.status >= 500; }},
    {"tls_untrusted",
     [](const RawFacts& f) { return f.phase == Phase::tls && f.tls_verify_failed; }},
    {"tls_failed", [](const RawFacts& f) { return f.phase == Phase::tls; }},
    {"closed", [](const RawFacts& f) { return f.kept_connection_ended || f.close_frame_early; }},
    {"malformed", [](const RawFacts& f) { return f.malformed; }},
    {"stalled", [](const RawFacts& f) { return f.timed_out; }},
    {"truncated",
     [](const RawFacts& f) {
       return f.head_by != HeadMaker::none && f.phase >= Phase::body &&
              (!f.framing_complete || stream_broken(f) || unmet(f)) && !f.script_done;
     }},
    {"http_error",
     [](const RawFacts& f) { return complete(f) && (f.status >= 400 || f.upgrade_refused); }},
    {"ok", [](const RawFacts& f) { return complete(f) || f.script_done; }},
}};

}  // namespace

std::string_view to_string(Phase phase) { return kPhases[static_cast<std::size_t>(phase)]; }
std::string_view to_string(SseEnd end) { return kSseEnds[static_cast<std::size_t>(end)]; }

std::string_view classify(const RawFacts& facts) {
  for (const Row& row : kRows) {
    if (row.fits(facts)) return row.name;
  }
  // What is left has ended before a whole head.
  return "no_response";
}

std::string_view classify(const RunFacts& facts) {
  if (!facts.started) return "exec_failed";
  if (facts.timed_out) return "stalled";
  if (facts.signal != 0) return "killed";
  return facts.exit != 0 ? "exit_nonzero" : "ok";
}

}  // namespace sallyport::sim::agents
