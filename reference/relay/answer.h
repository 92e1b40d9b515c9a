// Sending the supervisor's own answers to a client.
#pragma once

#include <string_view>

#include "reference/egress/egress.h"
#include "reference/http/local_response.h"
#include "reference/relay/io.h"

namespace sallyport::relay {

// A denial as the bytes' value: JSON, or text where Deny::error is empty.
[[nodiscard]] http::LocalAnswer answer_of(const egress::Deny& deny);

// Writes the answer and, if it ends the connection, lingers for at most Limits::drain. `method` is
// the request's, whose answer has no body if it is HEAD. False if the client's connection is over.
[[nodiscard]] net::Task<bool> send_answer(net::ByteStream& client, http::LocalAnswer answer,
                                          std::string_view method, const base::Limits& limits,
                                          const base::Clock& clock);

}  // namespace sallyport::relay
