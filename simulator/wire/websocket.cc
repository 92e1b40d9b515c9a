#include "simulator/wire/websocket.h"

#include <algorithm>
#include <array>
#include <limits>

namespace sallyport::sim::wire {
namespace {

constexpr std::size_t kControlMax = 125;
constexpr std::size_t kHeadMin = 2;

using MaskKey = std::array<std::uint8_t, 4>;

MaskKey key_of(std::uint32_t mask) {
  return {static_cast<std::uint8_t>(mask >> 24U), static_cast<std::uint8_t>(mask >> 16U),
          static_cast<std::uint8_t>(mask >> 8U), static_cast<std::uint8_t>(mask)};
}

void apply_mask(std::string& payload, const MaskKey& key) {
  for (std::size_t at = 0; at < payload.size(); ++at) {
    payload[at] = static_cast<char>(static_cast<std::uint8_t>(payload[at]) ^ key.at(at % 4));
  }
}

void put_number(std::string& out, std::uint64_t value, int octets) {
  for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> static_cast<unsigned>(shift));
  }
}

std::uint64_t number_at(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<std::uint8_t>(c);
  return value;
}

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

bool is_known(Opcode opcode) {
  const auto value = static_cast<std::uint8_t>(opcode);
  return value <= 2 || (value >= 8 && value <= 10);
}

// RFC 6455, section 7.4: what may stand in a close frame.
bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

// One step of splitmix64.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

}  // namespace

struct WebSocketReader::Head {
  bool fin = false;
  bool rsv1 = false;
  bool other_reserved = false;
  Opcode opcode = Opcode::text;
  bool masked = false;
  std::uint64_t length = 0;
  std::size_t size = 0;  // of the head itself; 0: not whole
  MaskKey key{};
};

std::string encode_frame(const WebSocketFrame& frame, std::optional<std::uint32_t> mask) {
  std::string out;
  out.reserve(frame.payload.size() + 14);
  const unsigned first = (frame.fin ? 0x80U : 0U) | (frame.rsv1 ? 0x40U : 0U) |
                         static_cast<std::uint8_t>(frame.opcode);
  out += static_cast<char>(first);
  const std::uint64_t size = frame.payload.size();
  const unsigned masked = mask ? 0x80U : 0U;
  if (size <= kControlMax) {
    out += static_cast<char>(masked | size);
  } else if (size <= std::numeric_limits<std::uint16_t>::max()) {
    out += static_cast<char>(masked | 126U);
    put_number(out, size, 2);
  } else {
    out += static_cast<char>(masked | 127U);
    put_number(out, size, 8);
  }
  if (!mask) return out + frame.payload;
  put_number(out, *mask, 4);
  std::string payload = frame.payload;
  apply_mask(payload, key_of(*mask));
  return out + payload;
}

WebSocketReader::WebSocketReader(WebSocketRole sender, bool deflate,
                                 std::uint64_t message_bytes_max)
    : sender_(sender), deflate_(deflate), message_bytes_max_(message_bytes_max) {}

std::vector<WebSocketMessage> WebSocketReader::feed(std::string_view bytes) {
  std::vector<WebSocketMessage> out;
  if (malformed() || closed_) return out;
  buffer_.append(bytes);
  while (!malformed() && !closed_ && take_frame(out)) {
  }
  return out;
}

bool WebSocketReader::fail(std::string reason) {
  fault_ = std::move(reason);
  return false;
}

bool WebSocketReader::take_frame(std::vector<WebSocketMessage>& out) {
  const std::string_view rest = buffer_;
  if (rest.size() < kHeadMin) return false;
  Head head;
  const auto first = static_cast<std::uint8_t>(rest[0]);
  const auto second = static_cast<std::uint8_t>(rest[1]);
  head.fin = (first & 0x80U) != 0;
  head.rsv1 = (first & 0x40U) != 0;
  head.other_reserved = (first & 0x30U) != 0;
  head.opcode = static_cast<Opcode>(first & 0x0fU);
  head.masked = (second & 0x80U) != 0;
  head.length = second & 0x7fU;
  const std::size_t extra = head.length == 127 ? 8 : (head.length == 126 ? 2 : 0);
  head.size = kHeadMin + extra + (head.masked ? 4 : 0);
  if (rest.size() >= kHeadMin + extra && extra > 0) {
    head.length = number_at(rest.substr(kHeadMin, extra));
  }
  // What two octets tell is told at once, so that no more is waited for.
  if (!check(head)) return false;
  if (rest.size() < head.size || rest.size() - head.size < head.length) return false;
  if (head.masked) {
    const std::string_view key = rest.substr(head.size - 4, 4);
    std::copy(key.begin(), key.end(), head.key.begin());
  }
  std::string payload(rest.substr(head.size, head.length));
  buffer_.erase(0, head.size + head.length);
  if (head.masked) apply_mask(payload, head.key);
  ++frames_;
  if (is_control(head.opcode)) {
    control(head, std::move(payload), out);
  } else {
    data(head, std::move(payload), out);
  }
  return true;
}

bool WebSocketReader::check(const Head& head) {
  if (head.other_reserved) return fail("a reserved bit is set");
  if (!is_known(head.opcode)) return fail("the opcode is unknown");
  const bool begins = head.opcode == Opcode::text || head.opcode == Opcode::binary;
  if (head.rsv1 && !(deflate_ && begins)) return fail("RSV1 is set without its meaning");
  const bool must_mask = sender_ == WebSocketRole::client;
  if (head.masked != must_mask) {
    return fail(must_mask ? "a client's frame isn't masked" : "a server's frame is masked");
  }
  if (is_control(head.opcode)) {
    if (!head.fin) return fail("a control frame is fragmented");
    if (head.length > kControlMax) return fail("a control frame is over 125 octets");
    return true;
  }
  if (begins && in_message_) return fail("a message begins within another");
  if (!begins && !in_message_) return fail("a continuation continues nothing");
  // Compared without adding, for a length may be anything.
  if (head.length > message_bytes_max_ - std::min(message_bytes_max_, message_.size())) {
    return fail("a message is over its bound");
  }
  return true;
}

void WebSocketReader::control(const Head& head, std::string payload,
                              std::vector<WebSocketMessage>& out) {
  WebSocketMessage message;
  message.opcode = head.opcode;
  message.bytes = std::move(payload);
  if (head.opcode == Opcode::close) {
    closed_ = true;
    if (message.bytes.size() == 1) {
      fail("a close frame's payload is one octet");
      return;
    }
    if (!message.bytes.empty()) {
      message.code = static_cast<std::uint16_t>(number_at(message.bytes.substr(0, 2)));
      message.bytes.erase(0, 2);
      if (!may_be_sent(message.code)) fail("a close code may not be sent");
      if (!is_utf8(message.bytes)) fail("the reason of a close isn't UTF-8");
    }
    if (malformed()) return;
  }
  out.push_back(std::move(message));
}

void WebSocketReader::data(const Head& head, std::string payload,
                           std::vector<WebSocketMessage>& out) {
  if (head.opcode != Opcode::continuation) {
    in_message_ = true;
    opcode_ = head.opcode;
    compressed_ = head.rsv1;
    message_.clear();
  }
  message_ += payload;
  if (head.fin) finish_message(out);
}

void WebSocketReader::finish_message(std::vector<WebSocketMessage>& out) {
  in_message_ = false;
  WebSocketMessage message;
  message.opcode = opcode_;
  message.bytes = std::move(message_);
  message_.clear();
  if (compressed_) {
    auto inflated = inflate_message(message.bytes, message_bytes_max_);
    if (!inflated) {
      fail("a compressed message can't be inflated within its bound");
      return;
    }
    message.bytes = std::move(*inflated);
  }
  if (opcode_ == Opcode::text && !is_utf8(message.bytes)) {
    fail("text isn't UTF-8");
    return;
  }
  out.push_back(std::move(message));
}

WebSocketWriter::WebSocketWriter(WebSocketRole sender, bool deflate, std::uint64_t seed)
    : sender_(sender), deflate_(deflate), seed_(seed) {}

std::string WebSocketWriter::frame(WebSocketFrame frame) {
  if (sender_ == WebSocketRole::server) return encode_frame(frame, std::nullopt);
  return encode_frame(frame, static_cast<std::uint32_t>(next_random(seed_)));
}

std::string WebSocketWriter::message(std::string_view bytes, bool binary,
                                     const std::vector<std::uint64_t>& split) {
  const std::string payload = deflate_ ? deflate_message(bytes) : std::string(bytes);
  WebSocketFrame piece;
  piece.opcode = binary ? Opcode::binary : Opcode::text;
  piece.rsv1 = deflate_;
  std::string out;
  std::uint64_t from = 0;
  for (const std::uint64_t end : split) {
    if (end < from || end >= payload.size()) continue;
    piece.fin = false;
    piece.payload = payload.substr(from, end - from);
    out += frame(piece);
    piece.opcode = Opcode::continuation;
    piece.rsv1 = false;
    from = end;
  }
  piece.fin = true;
  piece.payload = payload.substr(from);
  return out + frame(piece);
}

std::string WebSocketWriter::ping(std::string_view payload) {
  WebSocketFrame made;
  made.opcode = Opcode::ping;
  made.payload = std::string(payload);
  return frame(std::move(made));
}

std::string WebSocketWriter::pong(std::string_view payload) {
  WebSocketFrame made;
  made.opcode = Opcode::pong;
  made.payload = std::string(payload);
  return frame(std::move(made));
}

std::string WebSocketWriter::close(std::uint16_t code, std::string_view reason) {
  WebSocketFrame made;
  made.opcode = Opcode::close;
  if (code != 0) {
    put_number(made.payload, code, 2);
    made.payload += reason;
  }
  return frame(std::move(made));
}

}  // namespace sallyport::sim::wire
