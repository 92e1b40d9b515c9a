#include "reference/relay/head_reader.h"

#include <algorithm>

#include "reference/http/head.h"

namespace sallyport::relay {
namespace {

HeadEnd end_of(Io io, bool begun) {
  switch (io) {
    case Io::ok:
      break;
    case Io::end:
      return begun ? HeadEnd::truncated : HeadEnd::closed;
    case Io::broken:
      return begun ? HeadEnd::truncated : HeadEnd::closed;
    case Io::expired:
      return begun ? HeadEnd::late : HeadEnd::idle;
    case Io::cancelled:
      break;
  }
  return HeadEnd::cancelled;
}

}  // namespace

net::Task<HeadRead> read_head(Inlet& inlet, HeadBounds bounds, const base::Clock& clock) {
  // A limit above the buffer's size could never be met.
  const std::uint64_t room = net::BufferPool::kBufferBytes - 1;
  http::HeadScanner scanner(std::min(bounds.bytes_max, room));
  HeadRead result;
  bool begun = !inlet.bytes().empty();
  const auto move_deadline = [&](base::Duration most) {
    inlet.stream().set_deadline(std::min(clock.now() + most, bounds.until));
  };
  move_deadline(begun ? bounds.whole : bounds.first_byte);
  while (true) {
    if (begun) {
      const auto size = scanner.scan(inlet.bytes());
      if (!size) {
        const bool long_one = size.error() == http::HttpErrc::head_too_long;
        result.end = long_one ? HeadEnd::too_long : HeadEnd::malformed;
        co_return result;
      }
      if (*size) {
        result.end = HeadEnd::complete;
        result.size = **size;
        co_return result;
      }
    }
    // The first octet starts the second bound; until it comes the buffer is the pool's.
    Io io = Io::cancelled;
    if (begun) {
      io = co_await inlet.fill();
    } else {
      io = co_await inlet.fill_after_idle();
    }
    if (io != Io::ok) {
      result.end = end_of(io, begun);
      co_return result;
    }
    if (!begun) move_deadline(bounds.whole);
    begun = true;
  }
}

}  // namespace sallyport::relay
