#include "simulator/providers/websocket_peer.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::sim::providers {
namespace {

constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kPolicyViolation = 1008;

bool agrees_on_deflate(const Request& request, const Answer& answer) {
  return wire::names_deflate(request.message.headers) && wire::names_deflate(answer.headers);
}

bool is_ours(std::string_view name) {
  for (const std::string_view ours :
       {"upgrade", "connection", "sec-websocket-accept", "sec-websocket-extensions"}) {
    if (wire::equal_names(name, ours)) return true;
  }
  return false;
}

}  // namespace

WebSocketPeer::WebSocketPeer(Answering& on, const Answer& answer)
    : on_(on),
      connection_(on.connection()),
      answer_(answer),
      deflate_(agrees_on_deflate(on.request(), answer)),
      reader_(wire::WebSocketRole::client, deflate_),
      writer_(wire::WebSocketRole::server, deflate_) {}

net::Task<bool> WebSocketPeer::run() {
  const wire::HttpMessage& message = on_.request().message;
  const auto* const version = wire::find_header(message.headers, "sec-websocket-version");
  const bool asked = wire::asks_for_websocket(message) && version != nullptr && *version == "13";
  if (!asked) co_return co_await refuse();
  journal::Fields fields;
  fields["headers"] = message.headers;
  on_.note("upgrade", std::move(fields));
  on_.note_response(101);
  std::string first = head();
  const std::vector<Move>& moves = *answer_.websocket;
  std::size_t next = 0;
  for (; next < moves.size(); ++next) {
    const std::optional<std::string> more = octets_of(moves[next]);
    if (!more) break;
    first += *more;
  }
  const bool sent = co_await connection_.send(first);
  bool goes_on = sent;
  for (; goes_on && next < moves.size(); ++next) goes_on = co_await act(moves[next]);
  if (goes_on) (void)co_await until_closed();
  co_return false;
}

net::Task<bool> WebSocketPeer::refuse() {
  const Request& request = on_.request();
  on_.note_response(426);
  const std::string answer = fmt::format(
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade{}\r\n"
      "Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n",
      request.keeps_alive ? "" : ", close");
  const bool sent = co_await connection_.send(answer);
  co_return sent&& request.keeps_alive;
}

std::string WebSocketPeer::head() const {
  const auto* const key = wire::find_header(on_.request().message.headers, "sec-websocket-key");
  std::string out = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\n",
      wire::websocket_accept(*key));
  if (deflate_) out += fmt::format("Sec-WebSocket-Extensions: {}\r\n", wire::kDeflateExtension);
  for (const auto& [name, value] : answer_.headers) {
    if (!is_ours(name)) out += fmt::format("{}: {}\r\n", name, on_.text(value));
  }
  return out + "\r\n";
}

std::optional<std::string> WebSocketPeer::octets_of(const Move& move) {
  if (move.kind == Move::Kind::ping) return writer_.ping(on_.text(move.bytes));
  if (move.kind != Move::Kind::send) return std::nullopt;
  return writer_.message(move.binary ? move.bytes : on_.text(move.bytes), move.binary, move.split);
}

net::Task<bool> WebSocketPeer::act(const Move& move) {
  switch (move.kind) {
    case Move::Kind::send:
    case Move::Kind::ping: {
      const std::optional<std::string> octets = octets_of(move);
      co_return co_await connection_.send(*octets);
    }
    case Move::Kind::expect:
      co_return co_await expect(move);
    case Move::Kind::await:
      co_return co_await await(move);
    case Move::Kind::echo:
      co_return co_await echo();
    case Move::Kind::close: {
      close_sent_ = true;
      const std::string octets = writer_.close(move.code);
      const bool sent = co_await connection_.send(octets);
      if (!sent) co_return false;
      co_return co_await until_closed();
    }
    case Move::Kind::reset:
      break;
  }
  co_await connection_.settle();
  connection_.reset();
  co_return false;
}

net::Task<bool> WebSocketPeer::expect(const Move& move) {
  bool goes_on = true;
  while (goes_on && messages_.empty()) goes_on = co_await listen();
  if (messages_.empty()) co_return false;
  wire::WebSocketMessage message = std::move(messages_.front());
  messages_.pop_front();
  const journal::Value text = message.bytes;
  if (journal::fits(&text, on_.matcher(move.matcher))) co_return goes_on;
  co_await give_up(kPolicyViolation, "unexpected",
                   "expected a message that is " + journal::describe(move.matcher));
  co_return false;
}

net::Task<bool> WebSocketPeer::await(const Move& move) {
  Lookout lookout(connection_, on_.selector(move.selector));
  while (!lookout.happened()) {
    const bool goes_on = co_await listen();
    if (!goes_on) co_return false;
  }
  co_return !connection_.broken();
}

net::Task<bool> WebSocketPeer::echo() {
  echoes_ = true;
  const std::deque<wire::WebSocketMessage> waiting = std::exchange(messages_, {});
  for (const wire::WebSocketMessage& message : waiting) {
    const bool sent = co_await give_back(message);
    if (!sent) co_return false;
  }
  co_return co_await until_closed();
}

net::Task<bool> WebSocketPeer::give_back(const wire::WebSocketMessage& message) {
  const bool binary = message.opcode == wire::Opcode::binary;
  const std::string octets = writer_.message(message.bytes, binary);
  co_return co_await connection_.send(octets);
}

net::Task<bool> WebSocketPeer::until_closed() {
  while (true) {
    const bool goes_on = co_await listen();
    if (!goes_on) co_return false;
    messages_.clear();  // they were journalled, and nobody waits for them any more
  }
}

net::Task<bool> WebSocketPeer::listen() {
  if (connection_.inbox().empty() && !connection_.peer_ended() && !connection_.broken()) {
    co_await connection_.changed();
  }
  const bool goes_on = co_await take();
  co_return goes_on && !connection_.broken() &&
      !(connection_.peer_ended() && connection_.inbox().empty());
}

net::Task<bool> WebSocketPeer::take() {
  const std::string came = connection_.take_inbox();
  std::vector<wire::WebSocketMessage> messages = reader_.feed(came);
  for (wire::WebSocketMessage& message : messages) {
    const bool goes_on = co_await met(std::move(message));
    if (!goes_on) co_return false;
  }
  if (!reader_.malformed()) co_return true;
  co_await give_up(kProtocolError, "protocol", reader_.malformed_reason());
  co_return false;
}

net::Task<bool> WebSocketPeer::met(wire::WebSocketMessage message) {
  switch (message.opcode) {
    case wire::Opcode::ping: {
      const std::string pong = writer_.pong(message.bytes);
      co_return co_await connection_.send(pong);
    }
    case wire::Opcode::close: {
      connection_.set_close_code(message.code);
      if (close_sent_) co_return false;
      close_sent_ = true;
      const std::string answer = writer_.close(message.code);
      (void)co_await connection_.send(answer);
      co_return false;
    }
    case wire::Opcode::text:
    case wire::Opcode::binary: {
      journal::Fields fields;
      fields["text"] = message.bytes;
      fields["size"] = static_cast<std::int64_t>(message.bytes.size());
      on_.note("message", std::move(fields));
      if (echoes_) co_return co_await give_back(message);
      messages_.push_back(std::move(message));
      co_return true;
    }
    default:
      co_return true;  // a pong
  }
}

net::Task<void> WebSocketPeer::give_up(std::uint16_t code, std::string how, std::string detail) {
  journal::Fields fields;
  fields["how"] = std::move(how);
  fields["detail"] = detail;
  fields["code"] = std::int64_t{code};
  on_.note("cut", std::move(fields));
  if (close_sent_) co_return;
  close_sent_ = true;
  constexpr std::size_t kReasonMax = 100;  // a control frame holds 125 octets
  const std::string octets = writer_.close(code, detail.substr(0, kReasonMax));
  (void)co_await connection_.send(octets);
}

}  // namespace sallyport::sim::providers
