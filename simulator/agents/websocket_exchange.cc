#include "simulator/agents/websocket_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference/net/both.h"
#include "reference/net/clock.h"
#include "simulator/agents/request_text.h"
#include "simulator/journal/waiter.h"

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;
using wire::Opcode;
using wire::WebSocketMove;
using wire::WebSocketRole;

constexpr int kSwitching = 101;
constexpr std::uint16_t kNormal = 1000;
constexpr int kNoCode = 1005;  // RFC 6455's word for a close frame without a code

Target target_of(const WebSocketSpec& spec) {
  return {spec.url, spec.adapter, spec.tls, std::nullopt};
}

std::string_view name_of(WebSocketMove::Kind kind) {
  switch (kind) {
    case WebSocketMove::Kind::send:
      return "send";
    case WebSocketMove::Kind::ping:
      return "ping";
    case WebSocketMove::Kind::expect:
      return "expect";
    case WebSocketMove::Kind::await:
      return "await";
    case WebSocketMove::Kind::close:
      return "close";
    case WebSocketMove::Kind::reset:
      return "reset";
    case WebSocketMove::Kind::echo:
      return "echo";
  }
  return "";
}

std::string_view value_of(const wire::HttpMessage& message, std::string_view name) {
  const std::string* const value = wire::find_header(message.headers, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

// The scenario's own, or one of the nonce.
std::string key_of(const WebSocketSpec& spec, std::string_view nonce) {
  const std::string* const own = wire::find_header(spec.headers, "sec-websocket-key");
  return own == nullptr ? wire::websocket_key(nonce) : *own;
}

}  // namespace

WebSocketExchange::WebSocketExchange(WebSocketSpec spec, ClientContext& context)
    : Exchange(target_of(spec), context),
      spec_(std::move(spec)),
      key_(key_of(spec_, context.nonce)),
      changed_(context.executor) {}

net::Task<Seen> WebSocketExchange::run() {
  bool going = may_begin();
  if (going) going = co_await open();
  if (going) going = co_await shake_hands();
  if (going) {
    net::Task<void> reading = read();
    net::Task<void> playing = play();
    co_await net::both(std::move(reading), std::move(playing));
    judge();
  } else if (connection_ && connection_->stream && !seen_.raw.aborted) {
    connection_->stream->close();
  }
  co_return finish();
}

net::Task<bool> WebSocketExchange::shake_hands() {
  seen_.raw.phase = Phase::request;
  const std::string text = upgrade_text(spec_, *url_, absolute(), context_.nonce, key_);
  HttpReader reader(HttpReader::Kind::answer, "GET");
  took(connection_->early);
  reader.feed(connection_->early);
  (void)co_await send(text);  // an answer may be there though not all could be sent
  seen_.raw.phase = Phase::head;
  while (!reader.done()) {
    if (reader.head_done()) seen_.raw.phase = Phase::body;
    const bool more = co_await take(reader);
    if (!more) break;
  }
  judge_answer(reader);
  if (!reader.head_done() || reader.message().status != kSwitching) {
    seen_.raw.upgrade_refused = true;
    co_return false;
  }
  seen_.raw.phase = Phase::body;
  seen_.complete = seen_.raw.framing_complete = false;
  seen_.messages = 0;
  seen_.unmet = fault_of(reader.message());
  seen_.raw.malformed = !seen_.unmet.empty();
  const bool deflates = wire::names_deflate(reader.message().headers);
  frames_.emplace(WebSocketRole::server, deflates);
  // The key is the exchange's own, so the masks are too.
  writer_.emplace(WebSocketRole::client, deflates, std::hash<std::string>{}(key_));
  const std::string first = reader.take_leftover();
  if (!seen_.raw.malformed) co_await take_in(first);
  co_return !seen_.raw.malformed;
}

std::string WebSocketExchange::fault_of(const wire::HttpMessage& answer) const {
  if (value_of(answer, "sec-websocket-accept") != wire::websocket_accept(key_)) {
    return "the answer's Sec-WebSocket-Accept isn't of our key";
  }
  if (!wire::equal_names(value_of(answer, "upgrade"), "websocket")) {
    return "the answer doesn't upgrade to websocket";
  }
  const std::string_view protocol = value_of(answer, "sec-websocket-protocol");
  const auto& ours = spec_.subprotocols;
  if (!protocol.empty() && std::find(ours.begin(), ours.end(), protocol) == ours.end()) {
    return "the answer chose a subprotocol that wasn't offered";
  }
  const std::string_view extensions = value_of(answer, "sec-websocket-extensions");
  if (extensions.empty()) return {};
  const auto says = [extensions](std::string_view word) {
    return extensions.find(word) != std::string_view::npos;
  };
  const bool good = spec_.deflate && extensions.starts_with("permessage-deflate") &&
                    says("server_no_context_takeover") && !says("client_max_window_bits") &&
                    !says(",");
  return good ? std::string() : "the answer names an extension that wasn't offered so";
}

net::Task<void> WebSocketExchange::read() {
  while (!frames_->closed() && !frames_->malformed()) {
    const std::string bytes = co_await receive();
    if (bytes.empty()) break;
    co_await take_in(bytes);
    changed_.notify();
  }
  reading_ended_ = true;
  changed_.notify();
}

net::Task<void> WebSocketExchange::play() {
  for (std::size_t at = 0; at < spec_.moves.size() && !closed_here_; ++at) {
    const WebSocketMove& move = spec_.moves[at];
    const bool done = co_await perform(move);
    if (done) continue;
    if (seen_.unmet.empty()) seen_.unmet = fmt::format("move {} ({})", at + 1, name_of(move.kind));
    break;
  }
  script_over_ = seen_.unmet.empty();
  // A script that can't go on waits for what its peer does: a close, the end, or nothing at all.
  while (!script_over_ && !reading_ended_) static_cast<void>(co_await changed_.wait());
  const bool may_close = !closed_here_ && !frames_->malformed() && !seen_.raw.aborted;
  if (may_close && (script_over_ || frames_->closed())) {
    const bool closed = co_await close(kNormal);
    if (script_over_ && closed) seen_.raw.script_done = true;
  }
  if (!closed_here_ && !seen_.raw.aborted) {
    closed_here_ = true;
    connection_->stream->close();
  }
}

net::Task<bool> WebSocketExchange::perform(const WebSocketMove& move) {
  const bool sends =
      move.kind == WebSocketMove::Kind::send || move.kind == WebSocketMove::Kind::ping;
  if (sends && (close_sent_ || reading_ended_)) co_return false;
  switch (move.kind) {
    case WebSocketMove::Kind::send: {
      std::string bytes = writer_->message(move.bytes, move.binary, move.split);
      co_return co_await write(std::move(bytes));
    }
    case WebSocketMove::Kind::ping: {
      std::string bytes = writer_->ping(move.bytes);
      co_return co_await write(std::move(bytes));
    }
    case WebSocketMove::Kind::expect:
      co_return co_await expect(move);
    case WebSocketMove::Kind::await:
      co_return co_await await(move);
    case WebSocketMove::Kind::close:
      co_return co_await close(move.code);
    case WebSocketMove::Kind::reset:
      seen_.raw.script_done = !seen_.raw.peer_ended;
      closed_here_ = true;
      connection_->stream->abort();
      co_return true;
    case WebSocketMove::Kind::echo:
      break;  // an answer's alone: the loader refuses it here
  }
  co_return false;
}

net::Task<bool> WebSocketExchange::expect(const WebSocketMove& move) {
  while (inbox_.empty()) {
    if (reading_ended_) co_return false;
    static_cast<void>(co_await changed_.wait());
  }
  const journal::Value text = std::move(inbox_.front());
  inbox_.pop_front();
  if (journal::fits(&text, move.matcher)) co_return true;
  seen_.unmet = fmt::format("expected {}, received {}", journal::describe(move.matcher),
                            journal::describe(&text));
  co_return false;
}

net::Task<bool> WebSocketExchange::await(const WebSocketMove& move) {
  const bool happened =
      co_await journal::wait_for(context_.journal, move.selector, deadline_, context_.clock);
  if (!happened && !seen_.raw.aborted) seen_.raw.timed_out = true;
  co_return happened;
}

net::Task<bool> WebSocketExchange::close(std::uint16_t code) {
  if (!std::exchange(close_sent_, true)) {
    std::string bytes = writer_->close(code);
    (void)co_await write(std::move(bytes));  // the peer's may be there all the same
  }
  while (!frames_->closed() && !reading_ended_) static_cast<void>(co_await changed_.wait());
  co_return frames_->closed();
}

net::Task<bool> WebSocketExchange::write(std::string bytes) {
  outbox_ += bytes;
  if (writing_) co_return true;  // whoever writes goes on with it
  writing_ = true;
  bool good = true;
  while (good && !outbox_.empty()) {
    const std::string piece = std::exchange(outbox_, std::string());
    good = co_await send(piece);
  }
  writing_ = false;
  co_return good;
}

net::Task<void> WebSocketExchange::take_in(std::string_view bytes) {
  const auto messages = frames_->feed(bytes);
  for (const wire::WebSocketMessage& message : messages) {
    if (message.opcode == Opcode::ping && !close_sent_) {
      std::string pong = writer_->pong(message.bytes);
      (void)co_await write(std::move(pong));
    }
    received(message);
  }
  if (!frames_->malformed()) co_return;
  seen_.raw.malformed = true;
  seen_.unmet = frames_->malformed_reason();
}

void WebSocketExchange::received(const wire::WebSocketMessage& message) {
  if (message.opcode == Opcode::close) {
    seen_.close_code = message.code == 0 ? kNoCode : message.code;
    return;
  }
  if (message.opcode != Opcode::text && message.opcode != Opcode::binary) return;
  ++*seen_.messages;
  Facts fields;
  fields["text"] = message.bytes;
  fields["size"] = static_cast<std::int64_t>(message.bytes.size());
  inbox_.push_back(message.bytes);
  note("message", std::move(fields));
}

void WebSocketExchange::judge() {
  const bool closed = frames_->closed() && !frames_->malformed();
  seen_.raw.close_frame_early = closed && !script_over_;
  if (!closed) return;
  seen_.complete = seen_.raw.framing_complete = true;
  seen_.raw.phase = Phase::done;
  seen_.raw.timed_out = seen_.raw.timed_out && !script_over_;
}

}  // namespace sallyport::sim::agents
