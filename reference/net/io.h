// The two loops that everyone would write around a ByteStream. Both honour the stream's deadline:
// move it forward before. Errors are the stream's, or
//   timed_out           the deadline passed
//   operation_canceled  the stream was closed here, or the task cancelled
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "reference/net/byte_stream.h"

namespace sallyport::net {

// The error that stands for a wait that didn't end as `ready`.
[[nodiscard]] base::Error wait_error(Ready ready);

// Everything, or an error after an unknown part of it. The bytes must stay valid meanwhile.
[[nodiscard]] Task<base::Result<void>> write_all(ByteStream& stream, std::string_view bytes);
// As above, several pieces in as few writes as the transport allows. The iovecs are used up.
[[nodiscard]] Task<base::Result<void>> write_all(ByteStream& stream, std::span<iovec> pieces);

// At least one octet; 0 only at a clean end of the stream. `into` must not be empty.
[[nodiscard]] Task<base::Result<std::size_t>> read_some(ByteStream& stream,
                                                        std::span<std::byte> into);

// One piece for the iovec form of write_all.
[[nodiscard]] iovec as_iovec(std::string_view bytes);

}  // namespace sallyport::net
