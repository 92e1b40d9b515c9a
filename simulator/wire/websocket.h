// The harness's own eyes and pen for WebSocket: frames, messages, permessage-deflate and the
// handshake's few computations, as pure values over octets. Shares no code with the subject.
// A connection has one reader and one writer; neither knows of sockets, and neither answers a ping
// or a close: whoever owns the connection does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/wire/http_reader.h"

namespace sallyport::sim::wire {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

// Clients mask what they send, servers don't.
enum class WebSocketRole { client, server };

struct WebSocketFrame {
  bool fin = true;
  bool rsv1 = false;
  Opcode opcode = Opcode::text;
  std::string payload;  // unmasked
};

// The octets of one frame, whatever it holds (nothing is checked, so that tests can send what
// nobody should); masked with `mask` if there is one.
[[nodiscard]] std::string encode_frame(const WebSocketFrame& frame,
                                       std::optional<std::uint32_t> mask);

// A whole data message, its compression undone, or a control frame.
struct WebSocketMessage {
  Opcode opcode = Opcode::text;  // text, binary, close, ping, pong
  std::string bytes;             // close: the reason
  std::uint16_t code = 0;        // close: 0 without a code
};

inline constexpr std::uint64_t kWebSocketMessageMax = 16U << 20U;  // over it: malformed

// Incremental: octets in, messages out. What breaks the protocol ends the reading for good:
// an unknown opcode, a reserved bit without its meaning, a mask that is missing or shouldn't be
// there, a control frame that is fragmented or over 125 octets, a fragment out of order, a message
// over the bound (of its octets inflated, too), text that isn't UTF-8, a close code that may not be
// sent, a close frame's payload of one octet.
class WebSocketReader {
 public:
  // `sender`: whose frames are read. `deflate`: permessage-deflate was agreed on, without context
  // takeover.
  explicit WebSocketReader(WebSocketRole sender, bool deflate = false,
                           std::uint64_t message_bytes_max = kWebSocketMessageMax);

  // What these octets finish, in order. After a close frame or a fault: nothing any more.
  [[nodiscard]] std::vector<WebSocketMessage> feed(std::string_view bytes);

  [[nodiscard]] bool malformed() const { return !fault_.empty(); }
  [[nodiscard]] const std::string& malformed_reason() const { return fault_; }
  // A close frame has come; what comes after it is of no meaning.
  [[nodiscard]] bool closed() const { return closed_; }
  // A frame or a message has begun that isn't whole.
  [[nodiscard]] bool partial() const { return !buffer_.empty() || in_message_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }  // whole ones so far

 private:
  struct Head;  // of a frame

  // Takes one frame off the buffer; false when it isn't whole, or at a fault.
  bool take_frame(std::vector<WebSocketMessage>& out);
  bool check(const Head& head);
  void control(const Head& head, std::string payload, std::vector<WebSocketMessage>& out);
  void data(const Head& head, std::string payload, std::vector<WebSocketMessage>& out);
  void finish_message(std::vector<WebSocketMessage>& out);
  bool fail(std::string reason);

  WebSocketRole sender_;
  bool deflate_;
  std::uint64_t message_bytes_max_;
  std::string buffer_;
  std::string fault_;
  bool closed_ = false;
  bool in_message_ = false;
  bool compressed_ = false;  // the message under way
  Opcode opcode_ = Opcode::text;
  std::string message_;
  std::uint64_t frames_ = 0;
};

// Messages in, octets out. Masks differ from frame to frame and come from `seed` alone, so that a
// run can be repeated.
class WebSocketWriter {
 public:
  explicit WebSocketWriter(WebSocketRole sender, bool deflate = false, std::uint64_t seed = 1);

  // A data message. A fragment ends at each offset of `split` (ascending; of the octets as they
  // are sent, so after compression); offsets beyond the end are ignored.
  [[nodiscard]] std::string message(std::string_view bytes, bool binary = false,
                                    const std::vector<std::uint64_t>& split = {});
  [[nodiscard]] std::string ping(std::string_view payload);
  [[nodiscard]] std::string pong(std::string_view payload);
  // Code 0: a close frame without a payload.
  [[nodiscard]] std::string close(std::uint16_t code, std::string_view reason = {});

 private:
  [[nodiscard]] std::string frame(WebSocketFrame frame);

  WebSocketRole sender_;
  bool deflate_;
  std::uint64_t seed_;
};

// permessage-deflate of one message, without context takeover. Inflating fails (nothing) on what
// isn't deflated and on more than `bytes_max` octets.
[[nodiscard]] std::string deflate_message(std::string_view bytes);
[[nodiscard]] std::optional<std::string> inflate_message(std::string_view bytes,
                                                         std::uint64_t bytes_max);

[[nodiscard]] bool is_utf8(std::string_view bytes);

// The handshake. Sec-WebSocket-Key of a nonce: 16 octets made of it, in base64.
[[nodiscard]] std::string websocket_key(std::string_view nonce);
// Sec-WebSocket-Accept for that key.
[[nodiscard]] std::string websocket_accept(std::string_view key);
// Whether a request asks for a WebSocket: GET, Upgrade and Connection say so, and there is a key.
[[nodiscard]] bool asks_for_websocket(const HttpMessage& request);
// Whether some Sec-WebSocket-Extensions line names permessage-deflate.
[[nodiscard]] bool names_deflate(const HeaderList& headers);
// What both ends of this harness offer and answer.
inline constexpr std::string_view kDeflateExtension =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

}  // namespace sallyport::sim::wire
