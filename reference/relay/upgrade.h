// WebSocket's opening handshake (RFC 6455, 4): whether a request is one that may go up, and whether
// the answer to it may come down. Pure; frames are nobody's business here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/http/response_parser.h"

namespace sallyport::relay {

// What a client asked for.
struct UpgradeAsked {
  std::string key;                      // Sec-WebSocket-Key
  std::vector<std::string> protocols;   // subprotocols, as offered
  std::vector<std::string> extensions;  // names of the extensions that it offered, lower case
};

struct UpgradeRead {
  std::optional<UpgradeAsked> asked;
  std::string_view fault;  // of a request without it: what is wrong
};
// Of a request that names WebSocket in Upgrade.
[[nodiscard]] UpgradeRead read_upgrade(const http::RequestHead& head, const http::Framing& framing);

// Of an answer 101 to it: what is wrong, or empty.
[[nodiscard]] std::string_view switch_fault(const http::AnswerHead& answer,
                                            const UpgradeAsked& asked);

// Sec-WebSocket-Accept for a key.
[[nodiscard]] std::string accept_of(std::string_view key);

// Gives a head that was built without its connection's own fields those of an upgrade.
void add_upgrade_fields(std::string& head);

}  // namespace sallyport::relay
