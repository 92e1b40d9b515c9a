// Reads a whole body into memory, within its bounds: what inference.local needs of a request, and
// of an answer that goes out with Content-Length.
#pragma once

#include <cstdint>
#include <string>

#include "reference/relay/body_cursor.h"
#include "reference/relay/io.h"

namespace sallyport::relay {

struct PayloadBounds {
  std::uint64_t bytes_max = 0;
  base::Duration idle{};                           // silence between two pieces
  base::TimePoint until = base::TimePoint::max();  // of the whole
};

struct Payload {
  enum class What {
    whole,
    too_large,
    malformed,
    broken,  // the stream ended or failed before the body did
    late,
  };
  What what = What::whole;
  base::Error error;  // of `malformed`
  std::string body;
};

[[nodiscard]] net::Task<Payload> read_payload(Inlet& inlet, PayloadCursor& cursor,
                                              PayloadBounds bounds, const base::Clock& clock);

}  // namespace sallyport::relay
