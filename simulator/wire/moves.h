// Scripts that put bytes on a connection, as values: what a raw client or a raw answer does, and
// what a WebSocket peer does. The loader fills them; the client and the fake upstreams act on them.
// Texts may hold variables until whoever acts expands them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "simulator/journal/query.h"

namespace sallyport::sim::wire {

// One move of a byte-exact script.
struct Move {
  enum class Kind { send, expect_head, expect_eof, expect_text, await, half_close, close, reset };
  Kind kind = Kind::send;
  std::string bytes;           // send, expect_text
  std::uint64_t chunk = 0;     // send: octets a write; 0: one write
  base::Duration gap{0};       // send: between chunks
  journal::Selector selector;  // await
};

// One move of a WebSocket peer.
struct WebSocketMove {
  enum class Kind {
    send,    // a message
    ping,    // `bytes` as its payload
    expect,  // the next message; its text must fit
    await,
    close,  // a close frame with `code`, then the peer's
    reset,
    echo,  // from now on every message goes back as it came, to the end; an answer's alone
  };
  Kind kind = Kind::send;
  std::string bytes;                 // send, ping
  bool binary = false;               // send
  std::vector<std::uint64_t> split;  // send: a fragment ends at each of these offsets; ascending
  journal::Matcher matcher;          // expect: about the message's text
  journal::Selector selector;        // await
  std::uint16_t code = 1000;         // close
};

}  // namespace sallyport::sim::wire
