#include "reference/adapters/first_head.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "reference/http/head.h"

namespace sallyport::adapters {
namespace {

using relay::HeadEnd;

constexpr std::size_t kPeekBytes = 8192;

struct Reader {
  net::TcpStream& client;
  http::HeadScanner scanner;
  FirstHead head{};
};

// Takes exactly `count` octets that were peeked: they are there.
bool take(net::TcpStream& client, std::size_t count) {
  std::array<std::byte, kPeekBytes> gone;
  while (count > 0) {
    const auto got = client.try_read(std::span(gone).first(std::min(count, gone.size())));
    if (!got) return false;
    count -= *got;
  }
  return true;
}

// One peek. True when `end` is decided, false when the stream must be waited for.
bool advance(Reader& reader) {
  std::array<std::byte, kPeekBytes> bytes;
  while (true) {
    const auto peeked = reader.client.try_peek(bytes);
    if (!peeked && peeked.error() == net::StreamErrc::would_block) return false;
    if (!peeked || *peeked == 0) {
      reader.head.end = reader.head.text.empty() ? HeadEnd::closed : HeadEnd::truncated;
      return true;
    }
    const std::size_t before = reader.head.text.size();
    reader.head.text.append(reinterpret_cast<const char*>(bytes.data()), *peeked);
    const auto size = reader.scanner.scan(reader.head.text);
    if (!size) {
      const bool long_one = size.error() == http::HttpErrc::head_too_long;
      reader.head.end = long_one ? HeadEnd::too_long : HeadEnd::malformed;
      return true;
    }
    // An incomplete head is taken all the same: bytes left in the kernel would wake us at once.
    const std::size_t ours = *size ? **size - before : *peeked;
    if (!take(reader.client, ours)) {
      reader.head.end = HeadEnd::truncated;
      return true;
    }
    if (*size) {
      reader.head.text.resize(**size);
      reader.head.end = HeadEnd::complete;
      return true;
    }
  }
}

}  // namespace

net::Task<FirstHead> read_first_head(net::TcpStream& client, const base::Limits& limits,
                                     const base::Clock& clock) {
  Reader reader{client, http::HeadScanner(limits.proxy_head_bytes_max)};
  client.set_deadline(clock.now() + limits.head_read);
  while (!advance(reader)) {
    const net::Ready ready = co_await client.readable();
    if (ready == net::Ready::ready) continue;
    const bool begun = !reader.head.text.empty();
    reader.head.end = ready == net::Ready::cancelled ? HeadEnd::cancelled
                      : begun                        ? HeadEnd::late
                                                     : HeadEnd::idle;
    break;
  }
  client.set_deadline(base::TimePoint::max());
  co_return std::move(reader.head);
}

}  // namespace sallyport::adapters
