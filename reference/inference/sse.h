// What is written to a client whose streamed answer broke, and the head of every relayed answer.
// A stream that was cut between two events says so before its terminator; one that was cut amid an
// event has none. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/http/framing.h"
#include "reference/http/response_parser.h"

namespace sallyport::inference {

inline constexpr std::string_view kCutTooLarge =
    "response truncated: exceeded maximum streaming body size";
inline constexpr std::string_view kCutReadError = "response truncated: upstream read error";
inline constexpr std::string_view kCutIdle = "response truncated: chunk idle timeout exceeded";

// `data: {"error":{"message":...,"type":"proxy_stream_error"}}` and a blank line. Whatever the
// message holds, it is one event.
[[nodiscard]] std::string sse_error_event(std::string_view message);

// Whether a stream, of which pieces are taken in one after another, stands amid an event: there is
// something behind its last blank line. What is put there would become part of that event. Lines
// end with CR, LF or both.
class EventEnd {
 public:
  void take(std::string_view piece);
  [[nodiscard]] bool amid() const;

 private:
  std::string last_;  // the last octets of all pieces, as many as a blank line has at most
};

// Whether an error event may stand in this body: text/event-stream, not compressed. Any other
// body that breaks is cut without its terminator, which its reader can see.
[[nodiscard]] bool takes_sse_events(const http::AnswerHead& answer);

// Head of the answer for the client: hop-by-hop fields and Content-Length removed, `framing` set.
[[nodiscard]] std::string build_client_head(const http::AnswerHead& answer,
                                            const http::Framing& framing, bool close);

}  // namespace sallyport::inference
