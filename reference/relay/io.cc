#include "reference/relay/io.h"

#include <array>
#include <cstring>

#include "reference/base/check.h"
#include "reference/net/io.h"

namespace sallyport::relay {
namespace {

constexpr std::size_t kLingerBytesMax = 1U << 20U;

Io of(net::Ready ready) {
  switch (ready) {
    case net::Ready::ready:
      return Io::ok;
    case net::Ready::expired:
      return Io::expired;
    case net::Ready::cancelled:
      break;
  }
  return Io::cancelled;
}

Io of(const base::Error& error) {
  namespace errc = boost::system::errc;
  if (error == errc::timed_out) return Io::expired;
  return error == errc::operation_canceled ? Io::cancelled : Io::broken;
}

bool would_block(const base::Error& error) { return error == net::StreamErrc::would_block; }

}  // namespace

std::string_view Inlet::bytes() const {
  if (!buffer_) return {};
  const auto data = buffer_.bytes().subspan(begin_, end_ - begin_);
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

void Inlet::consume(std::size_t count) {
  CHECK(count <= end_ - begin_);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void Inlet::make_room() {
  if (!buffer_) buffer_ = pool_->lend();
  const auto all = buffer_.bytes();
  if (end_ < all.size()) return;
  CHECK(begin_ > 0);
  std::memmove(all.data(), all.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

void Inlet::rest() {
  if (begin_ != end_) return;
  buffer_ = net::BufferPool::Lease();
}

Io Inlet::fill_now() {
  make_room();
  const auto got = stream_->try_read(buffer_.bytes().subspan(end_));
  if (got) {
    end_ += *got;
    return Io::ok;
  }
  if (would_block(got.error())) return Io::expired;
  return got.error() == net::StreamErrc::end_of_stream ? Io::end : Io::broken;
}

net::Task<Io> Inlet::fill() {
  while (true) {
    const Io now = fill_now();
    if (now != Io::expired) co_return now;
    const net::Ready ready = co_await stream_->readable();
    if (ready != net::Ready::ready) co_return of(ready);
  }
}

net::Task<Io> Inlet::fill_after_idle() {
  while (true) {
    const Io now = fill_now();
    if (now != Io::expired) co_return now;
    rest();
    const net::Ready ready = co_await stream_->readable();
    if (ready != net::Ready::ready) co_return of(ready);
  }
}

net::Task<Io> write_all(net::ByteStream& stream, std::span<const std::string_view> pieces,
                        Pace pace) {
  CHECK(pieces.size() <= kPiecesMax);
  std::array<iovec, kPiecesMax> parts;
  std::size_t count = 0;
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) parts[count++] = net::as_iovec(piece);
  }
  if (count == 0) co_return Io::ok;
  pace.move(stream);
  const std::span<iovec> filled(parts.data(), count);
  const auto wrote = co_await net::write_all(stream, filled);
  co_return wrote ? Io::ok : of(wrote.error());
}

net::Task<Io> write_text(net::ByteStream& stream, std::string_view text, Pace pace) {
  const std::array<std::string_view, 1> pieces = {text};
  const Io io = co_await write_all(stream, pieces, pace);
  co_return io;
}

net::Task<void> linger(net::ByteStream& stream, Pace pace) {
  stream.shutdown_write();
  pace.move(stream);
  std::array<std::byte, 4096> dropped;
  std::size_t total = 0;
  while (total < kLingerBytesMax) {
    const auto got = stream.try_read(dropped);
    if (got) {
      total += *got;
      continue;
    }
    if (!would_block(got.error())) co_return;
    const net::Ready ready = co_await stream.readable();
    if (ready != net::Ready::ready) co_return;
  }
}

}  // namespace sallyport::relay
