// The octets that a request step sends: pure functions from the step to heads and a body.
#pragma once

#include <string>
#include <string_view>

#include "simulator/agents/spec.h"
#include "simulator/agents/url.h"

namespace sallyport::sim::agents {

// `size` octets that begin with the nonce and go on with repetitions of it.
[[nodiscard]] std::string grow(std::string_view nonce, std::uint64_t size);

struct RequestText {
  std::string method;
  std::string head;  // its empty line included
  std::string body;  // as it goes onto the wire: chunked, if the step wants that
};

// `absolute`: the target is the whole URL (an absolute form, for a proxy). What the step's headers
// name replaces what would be sent by default.
[[nodiscard]] RequestText request_text(const RequestSpec& spec, const Url& url, bool absolute,
                                       std::string_view nonce);

// The request for an upgrade, with that Sec-WebSocket-Key.
[[nodiscard]] std::string upgrade_text(const WebSocketSpec& spec, const Url& url, bool absolute,
                                       std::string_view nonce, std::string_view key);

[[nodiscard]] std::string connect_text(const Url& url, std::string_view nonce);

}  // namespace sallyport::sim::agents
