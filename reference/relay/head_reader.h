// Reads one head from an inlet, to its exact end, within a size and two bounds: the wait for its
// first octet and the time from there to its last. Requests' and answers' heads alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/relay/io.h"

namespace sallyport::relay {

struct HeadBounds {
  std::uint64_t bytes_max = 0;
  base::Duration first_byte{};                     // silence before the head
  base::Duration whole{};                          // from the first octet to the terminator
  base::TimePoint until = base::TimePoint::max();  // no later than this in any case
};

enum class HeadEnd {
  complete,
  closed,     // the peer ended before the first octet
  idle,       // no octet within HeadBounds::first_byte
  truncated,  // the peer ended, or broke, in the middle
  late,       // HeadBounds::whole passed
  too_long,
  malformed,  // it can't become a head any more
  cancelled,
};

struct HeadRead {
  HeadEnd end = HeadEnd::cancelled;
  std::size_t size = 0;  // of the head at the front of inlet.bytes(), if complete
};

[[nodiscard]] net::Task<HeadRead> read_head(Inlet& inlet, HeadBounds bounds,
                                            const base::Clock& clock);

}  // namespace sallyport::relay
