// Moves one body from an inlet to a stream, exactly as far as its framing goes, each piece as soon
// as it is there. What stands before the body (a head) is written together with its first octets.
#pragma once

#include <string_view>

#include "reference/relay/body_cursor.h"
#include "reference/relay/io.h"

namespace sallyport::relay {

struct CopyEnd {
  enum class What {
    done,       // the whole body was written
    source,     // the source ended or failed before the body's end: `io` says how
    sink,       // the sink failed: `io` says how
    malformed,  // the source's chunks are not chunks: what stands before the fault was written
  };
  What what = What::done;
  Io io = Io::ok;
  std::uint64_t bytes = 0;  // of the body, as framed on the wire
};

// `prefix` may be empty. Every piece moves both deadlines forward. `pace.idle` bounds the silence
// of either side.
[[nodiscard]] net::Task<CopyEnd> copy_body(Inlet& source, net::ByteStream& sink, BodyCursor& cursor,
                                           std::string_view prefix, Pace pace);

// Writes `prefix` and as much of the body as the inlet already holds; doesn't wait for more of it.
[[nodiscard]] net::Task<CopyEnd> copy_available(Inlet& source, net::ByteStream& sink,
                                                BodyCursor& cursor, std::string_view prefix,
                                                Pace pace);

}  // namespace sallyport::relay
