#include "reference/tls/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sallyport::tls {
namespace {

using net::Ready;
using net::StreamErrc;
using net::Task;

constexpr std::size_t kRecordBytesMax = 16 * 1024;

Task<Ready> at_once(Ready ready) { co_return ready; }

// The bytes of the next record: one piece as it is, or several small ones put together.
struct Gathered {
  std::array<std::byte, kRecordBytesMax> copy;

  std::span<const std::byte> next(std::span<const iovec> from, std::size_t skip) {
    std::size_t filled = 0;
    for (const iovec& piece : from) {
      if (skip >= piece.iov_len) {
        skip -= piece.iov_len;
        continue;
      }
      const std::span<const std::byte> rest(static_cast<const std::byte*>(piece.iov_base) + skip,
                                            piece.iov_len - skip);
      skip = 0;
      const bool last = &piece == &from.back();
      if (filled == 0 && (last || rest.size() >= kRecordBytesMax)) {
        return rest.first(std::min(rest.size(), kRecordBytesMax));
      }
      const std::size_t count = std::min(rest.size(), kRecordBytesMax - filled);
      std::memcpy(copy.data() + filled, rest.data(), count);
      filled += count;
      if (filled == kRecordBytesMax) break;
    }
    return std::span<const std::byte>(copy).first(filled);
  }
};

}  // namespace

TlsStream::TlsStream(std::unique_ptr<net::TcpStream> transport, SslPtr connection)
    : transport_(std::move(transport)), ssl_(std::move(connection)) {
  drained_ = SSL_has_pending(ssl_.get()) == 0;
}

TlsStream::~TlsStream() = default;

// Only after a call that failed with `result`, and before any other use of OpenSSL.
base::Error TlsStream::failure(int result, bool reading) {
  const int number = errno;
  const int kind = SSL_get_error(ssl_.get(), result);
  (reading ? read_needs_write_ : write_needs_read_) =
      kind == (reading ? SSL_ERROR_WANT_WRITE : SSL_ERROR_WANT_READ);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
    if (reading) drained_ = true;
    return StreamErrc::would_block;
  }
  if (kind == SSL_ERROR_ZERO_RETURN) return StreamErrc::end_of_stream;
  const bool cut = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (kind == SSL_ERROR_SYSCALL && number != 0) {
    broken_ = base::Error(number, boost::system::system_category());
  } else {
    broken_ = cut || kind == SSL_ERROR_SYSCALL ? StreamErrc::truncated : StreamErrc::protocol;
  }
  return broken_;
}

base::Result<std::size_t> TlsStream::try_read(std::span<std::byte> into) {
  if (transport_->native_handle() < 0) return transport_->try_read(into);
  if (broken_) return broken_;
  finish_writing();
  ERR_clear_error();
  errno = 0;
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
  // A session ticket that was read has OpenSSL make room to write too, 16 KiB that nobody uses.
  // Does nothing while a record is under way in either direction.
  const int kept_errno = errno;
  SSL_free_buffers(ssl_.get());
  errno = kept_errno;
  if (result != 1) return failure(result, true);
  drained_ = false;
  return count;
}

base::Result<std::size_t> TlsStream::write_record(const void* from, std::size_t octets) {
  if (octets < unsent_) return StreamErrc::protocol;
  ERR_clear_error();
  errno = 0;
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl_.get(), from, octets, &count);
  if (result == 1) {
    unsent_ = 0;
    return count;
  }
  const base::Error error = failure(result, false);
  if (error == StreamErrc::would_block) unsent_ = octets;
  return error;
}

base::Result<std::size_t> TlsStream::try_write(std::span<const iovec> from) {
  if (transport_->native_handle() < 0) return transport_->try_write(from);
  if (broken_) return broken_;
  if (ending_) return base::Error(EPIPE, boost::system::system_category());
  std::size_t total = 0;
  Gathered gathered;
  for (;;) {
    const auto record = gathered.next(from, total);
    if (record.empty()) return total;
    const auto written = write_record(record.data(), record.size());
    if (written.has_value()) {
      total += *written;
    } else if (total > 0 && written.error() == StreamErrc::would_block) {
      return total;
    } else {
      return written.error();
    }
  }
}

Task<Ready> TlsStream::readable() {
  if (broken_) return at_once(Ready::ready);  // the next try_ says why
  if (!drained_ && SSL_has_pending(ssl_.get()) != 0) return at_once(Ready::ready);
  return read_needs_write_ ? transport_->writable() : transport_->readable();
}

Task<Ready> TlsStream::writable() {
  return write_needs_read_ ? transport_->readable() : transport_->writable();
}

void TlsStream::finish_writing() {
  if (!ending_ || ended_ || broken_) return;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_.get());
  if (result < 0) {
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_WRITE) return;
    if (kind == SSL_ERROR_SSL || kind == SSL_ERROR_SYSCALL) broken_ = StreamErrc::protocol;
  }
  ended_ = true;
  transport_->shutdown_write();
}

void TlsStream::shutdown_write() {
  if (transport_->native_handle() < 0) return;
  ending_ = true;
  finish_writing();
}

void TlsStream::abort() { transport_->abort(); }

void TlsStream::close() {
  shutdown_write();
  transport_->close();
}

std::string TlsStream::local_endpoint() const { return transport_->local_endpoint(); }
std::string TlsStream::peer_endpoint() const { return transport_->peer_endpoint(); }

std::string TlsStream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TlsStream::version() const { return SSL_get_version(ssl_.get()); }

}  // namespace sallyport::tls
