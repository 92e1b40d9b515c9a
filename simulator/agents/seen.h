// What one exchange saw, and the facts (scenario reference, section 12) that are made of it. Pure.
#pragma once

#include <optional>
#include <string>

#include "reference/base/clock.h"
#include "simulator/agents/classify.h"
#include "simulator/agents/spec.h"
#include "simulator/wire/http_reader.h"

namespace sallyport::sim::agents {

struct Seen {
  RawFacts raw;
  std::string connection;  // STEP#N of the step that opened it; empty before it stood
  int error = 0;           // errno of what failed; 0 when nothing did, or without one
  std::string rcode;
  int http_connect = 0;
  std::optional<int> tls_verify;
  std::string tls_alert;
  std::optional<wire::HttpMessage> answer;  // once its head was whole
  std::string answered_by;
  bool complete = false;  // the answer's framing ended well
  std::optional<std::uint64_t> sse_count;
  std::optional<std::uint64_t> messages;  // of a WebSocket, received
  std::optional<int> close_code;          // in the peer's close frame; 1005 when it had none
  std::string unmet;                      // which move of the script wasn't done, and why
  bool reused = false;
  base::TimePoint started{};
  base::TimePoint ended{};
  std::optional<base::TimePoint> first_byte;  // of the last answer
  base::Duration longest_gap{0};              // between octets of it
};

[[nodiscard]] Facts facts_of(const Seen& seen);

}  // namespace sallyport::sim::agents
