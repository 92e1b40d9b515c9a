// Answers an upgrade with 101 and acts on the scenario's moves as a WebSocket server, one coroutine
// for both directions: what a move waits for is read meanwhile, pings and a close are answered.
// Internal to this folder.
#pragma once

#include <deque>
#include <vector>

#include "simulator/providers/answering.h"
#include "simulator/wire/websocket.h"

namespace sallyport::sim::providers {

class WebSocketPeer {
 public:
  // Both must outlive it. permessage-deflate is agreed on where the client offers it and the
  // answer's headers name it.
  WebSocketPeer(Answering& on, const Answer& answer);

  // Whether the connection can take another request: only where none was upgraded.
  [[nodiscard]] net::Task<bool> run();

 private:
  using Move = wire::WebSocketMove;

  [[nodiscard]] net::Task<bool> refuse();
  [[nodiscard]] std::string head() const;
  // The octets of a move that only sends; nothing for the others.
  [[nodiscard]] std::optional<std::string> octets_of(const Move& move);
  // Each is false when the conversation is over.
  [[nodiscard]] net::Task<bool> act(const Move& move);
  [[nodiscard]] net::Task<bool> expect(const Move& move);
  [[nodiscard]] net::Task<bool> await(const Move& move);
  [[nodiscard]] net::Task<bool> echo();
  [[nodiscard]] net::Task<bool> give_back(const wire::WebSocketMessage& message);
  [[nodiscard]] net::Task<bool> until_closed();
  // Takes what has come, and waits for more where nothing has.
  [[nodiscard]] net::Task<bool> listen();
  // Takes what has come: messages are kept, the rest is answered.
  [[nodiscard]] net::Task<bool> take();
  [[nodiscard]] net::Task<bool> met(wire::WebSocketMessage message);
  [[nodiscard]] net::Task<void> give_up(std::uint16_t code, std::string how, std::string detail);

  Answering& on_;
  Connection& connection_;
  const Answer& answer_;
  bool deflate_;
  wire::WebSocketReader reader_;
  wire::WebSocketWriter writer_;
  std::deque<wire::WebSocketMessage> messages_;  // that no move has taken yet
  bool echoes_ = false;
  bool close_sent_ = false;
};

}  // namespace sallyport::sim::providers
