// One `websocket` of the built-in client: its handshake, then its script, while messages are
// received and pings answered at the same time. Internal to this folder.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "reference/net/event.h"
#include "simulator/agents/exchange.h"
#include "simulator/wire/websocket.h"

namespace sallyport::sim::agents {

class WebSocketExchange : private Exchange {
 public:
  WebSocketExchange(WebSocketSpec spec, ClientContext& context);

  [[nodiscard]] net::Task<Seen> run();

 private:
  // False unless the answer is a good 101.
  [[nodiscard]] net::Task<bool> shake_hands();
  // What is wrong with a 101; empty when nothing is.
  [[nodiscard]] std::string fault_of(const wire::HttpMessage& answer) const;
  [[nodiscard]] net::Task<void> read();
  [[nodiscard]] net::Task<void> play();

  // Each is false when the script can't go on.
  [[nodiscard]] net::Task<bool> perform(const wire::WebSocketMove& move);
  [[nodiscard]] net::Task<bool> expect(const wire::WebSocketMove& move);
  [[nodiscard]] net::Task<bool> await(const wire::WebSocketMove& move);
  // Sends a close frame, unless one went out, and waits for the peer's.
  [[nodiscard]] net::Task<bool> close(std::uint16_t code);
  // As send(), but the script and the answers to pings don't mix their octets.
  [[nodiscard]] net::Task<bool> write(std::string bytes);

  [[nodiscard]] net::Task<void> take_in(std::string_view bytes);
  void received(const wire::WebSocketMessage& message);
  void judge();

  WebSocketSpec spec_;
  std::string key_;
  net::Event changed_;  // something came, or the end
  std::optional<wire::WebSocketReader> frames_;
  std::optional<wire::WebSocketWriter> writer_;
  std::deque<std::string> inbox_;  // messages that no `expect` has taken
  std::string outbox_;
  bool writing_ = false;
  bool close_sent_ = false;
  bool reading_ended_ = false;
  bool script_over_ = false;
};

}  // namespace sallyport::sim::agents
