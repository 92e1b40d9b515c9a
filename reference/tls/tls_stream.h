// TLS as a ByteStream: OpenSSL directly on the socket of a TcpStream that it owns, so that an idle
// connection holds no buffers. Made by accept_tls and connect_tls. Single-threaded.
//
// OpenSSL writes with write(2): the program must ignore SIGPIPE.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "reference/net/tcp.h"
#include "reference/tls/openssl_ptr.h"

namespace sallyport::tls {

class TlsStream final : public net::ByteStream {
 public:
  // A connection whose handshake is done, on the transport's socket.
  TlsStream(std::unique_ptr<net::TcpStream> transport, SslPtr connection);
  ~TlsStream() override;

  // An end without close_notify is StreamErrc::truncated.
  [[nodiscard]] base::Result<std::size_t> try_read(std::span<std::byte> into) override;
  // After would_block the same bytes must be tried again first (more may follow them): their
  // record exists already. Fewer bytes than then are StreamErrc::protocol.
  [[nodiscard]] base::Result<std::size_t> try_write(std::span<const iovec> from) override;
  [[nodiscard]] net::Task<net::Ready> readable() override;
  [[nodiscard]] net::Task<net::Ready> writable() override;
  void set_deadline(base::TimePoint at) override { transport_->set_deadline(at); }
  [[nodiscard]] base::TimePoint deadline() const override { return transport_->deadline(); }
  // The FIN follows the close_notify; if the socket takes neither now, the next call tries again.
  void shutdown_write() override;
  void abort() override;
  void close() override;
  void watch_loss(std::function<void()> lost) override { transport_->watch_loss(std::move(lost)); }
  [[nodiscard]] std::string local_endpoint() const override;
  [[nodiscard]] std::string peer_endpoint() const override;

  // The protocol that ALPN chose; empty for none. `TLSv1.3` and the like.
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] std::string version() const;

 private:
  [[nodiscard]] base::Error failure(int result, bool reading);
  [[nodiscard]] base::Result<std::size_t> write_record(const void* from, std::size_t octets);
  void finish_writing();

  std::unique_ptr<net::TcpStream> transport_;
  SslPtr ssl_;
  std::size_t unsent_ = 0;         // octets of the record that would_block left
  bool read_needs_write_ = false;  // what readable() and writable() must wait for
  bool write_needs_read_ = false;
  bool drained_ = true;  // the last read found nothing more
  base::Error broken_;   // a fatal error; OpenSSL must not be called after it
  bool ending_ = false;  // shutdown_write() was called
  bool ended_ = false;   // close_notify and FIN are sent
};

}  // namespace sallyport::tls
