// The way back of an inference call: an upstream's answer to the client, streamed piece by piece or
// collected and sent with its length.
#pragma once

#include "reference/http/framing.h"
#include "reference/relay/inference_call.h"

namespace sallyport::relay {

// `upstream` stands after the answer's head. `until` bounds a buffered answer's body.
[[nodiscard]] net::Task<RouteResult> stream_answer(const RouteRequest& request,
                                                   const http::AnswerHead& answer,
                                                   const http::Framing& framing, Inlet& upstream,
                                                   Inlet& client, const base::Clock& clock);

[[nodiscard]] net::Task<RouteResult> buffer_answer(const RouteRequest& request,
                                                   const http::AnswerHead& answer,
                                                   const http::Framing& framing, Inlet& upstream,
                                                   Inlet& client, const base::Clock& clock,
                                                   base::TimePoint until);

}  // namespace sallyport::relay
