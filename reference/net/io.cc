#include "reference/net/io.h"

#include "reference/base/check.h"

namespace sallyport::net {
namespace {

// Drops `count` octets, and empty pieces, from the front.
std::span<iovec> skip(std::span<iovec> pieces, std::size_t count) {
  while (!pieces.empty() && count >= pieces.front().iov_len) {
    count -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (!pieces.empty()) {
    iovec& first = pieces.front();
    first.iov_base = static_cast<char*>(first.iov_base) + count;
    first.iov_len -= count;
  }
  return pieces;
}

}  // namespace

base::Error wait_error(Ready ready) {
  namespace errc = boost::system::errc;
  CHECK(ready != Ready::ready);
  return errc::make_error_code(ready == Ready::expired ? errc::timed_out
                                                       : errc::operation_canceled);
}

iovec as_iovec(std::string_view bytes) {
  // iovec serves reading and writing alike; nobody writes through this one.
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

Task<base::Result<void>> write_all(ByteStream& stream, std::span<iovec> pieces) {
  pieces = skip(pieces, 0);
  while (!pieces.empty()) {
    const auto written = stream.try_write(pieces);
    if (written.has_value()) {
      pieces = skip(pieces, *written);
    } else if (written.error() == StreamErrc::would_block) {
      const Ready ready = co_await stream.writable();
      if (ready != Ready::ready) co_return wait_error(ready);
    } else {
      co_return written.error();
    }
  }
  co_return base::Result<void>{};
}

Task<base::Result<void>> write_all(ByteStream& stream, std::string_view bytes) {
  iovec piece = as_iovec(bytes);
  const std::span<iovec> pieces(&piece, 1);
  co_return co_await write_all(stream, pieces);
}

Task<base::Result<std::size_t>> read_some(ByteStream& stream, std::span<std::byte> into) {
  for (;;) {
    const auto count = stream.try_read(into);
    if (count.has_value()) co_return count;
    if (count.error() == StreamErrc::end_of_stream) co_return std::size_t{0};
    if (count.error() != StreamErrc::would_block) co_return count.error();
    const Ready ready = co_await stream.readable();
    if (ready != Ready::ready) co_return wait_error(ready);
  }
}

}  // namespace sallyport::net
