// The harness's own TLS over any byte stream, with the facts that scenarios assert: what was
// verified, agreed and refused. Written apart from the subject's TLS, on memory BIOs. A stream owns
// its transport. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/net/byte_stream.h"
#include "simulator/wire/certificates.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sallyport::sim::wire {

// What is known about a connection's TLS; complete when handshake() has returned.
struct TlsFacts {
  bool done = false;        // the handshake was completed
  int verify = 0;           // client: X509 verification result, 0 is ok
  std::string verify_text;  // of verify, when not 0
  std::string alert;        // the alert that the peer sent, by name (`unknown_ca`); or empty
  std::string version;      // `TLSv1.3`
  std::string alpn;         // agreed on; empty when none
  std::string sni;          // server: what the client asked for
  // Why it wasn't completed: `untrusted`, `alert`, `eof`, `reset`, `not_tls`, `expired`, or empty.
  std::string failure;
};

// Keys and trust, made once and shared by many streams.
class TlsContext {
 public:
  // A provider's side. `alpn`: what it agrees to, in its order of preference.
  [[nodiscard]] static std::shared_ptr<TlsContext> server(const Leaf& leaf,
                                                          std::vector<std::string> alpn = {});
  // A client's side, trusting the certificates of `trust_pem` and no others.
  [[nodiscard]] static std::shared_ptr<TlsContext> client(const std::string& trust_pem);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] ssl_ctx_st* get() const { return context_; }
  [[nodiscard]] const std::vector<std::string>& alpn() const { return alpn_; }

 private:
  TlsContext() = default;
  ssl_ctx_st* context_ = nullptr;
  std::vector<std::string> alpn_;
};

struct TlsClientOptions {
  bool verify = true;
  std::string name;  // what the certificate must be for; a host name or an IP literal
  std::string sni;   // sent unless empty or an IP literal
  std::vector<std::string> alpn;
};

// Does once what OpenSSL does at each process's first handshake (tables of names, algorithms, about
// 5 ms): for a process that clones others which all need it, before the first.
void prepare_tls();
// In such a clone, first: its random numbers are its own.
void reseed_tls();

class TlsStream final : public net::ByteStream {
 public:
  [[nodiscard]] static std::unique_ptr<TlsStream> server(std::unique_ptr<net::ByteStream> transport,
                                                         std::shared_ptr<TlsContext> context);
  [[nodiscard]] static std::unique_ptr<TlsStream> client(std::unique_ptr<net::ByteStream> transport,
                                                         std::shared_ptr<TlsContext> context,
                                                         const TlsClientOptions& options);
  ~TlsStream() override;

  // Until done, failed, or the stream's deadline. Facts tell which; true when done.
  [[nodiscard]] net::Task<bool> handshake();
  [[nodiscard]] const TlsFacts& facts() const { return facts_; }
  // Ends the transport with a FIN and no close_notify; nothing more can be written.
  void fin_without_notify();

  [[nodiscard]] base::Result<std::size_t> try_read(std::span<std::byte> into) override;
  [[nodiscard]] base::Result<std::size_t> try_write(std::span<const iovec> from) override;
  [[nodiscard]] net::Task<net::Ready> readable() override;
  [[nodiscard]] net::Task<net::Ready> writable() override;
  void set_deadline(base::TimePoint at) override;
  [[nodiscard]] base::TimePoint deadline() const override;
  void shutdown_write() override;
  void abort() override;
  void close() override;
  [[nodiscard]] std::string local_endpoint() const override;
  [[nodiscard]] std::string peer_endpoint() const override;

 private:
  TlsStream(std::unique_ptr<net::ByteStream> transport, std::shared_ptr<TlsContext> context,
            bool server);
  enum class Fill { some, would_block, ended, failed };
  Fill fill();          // transport to OpenSSL
  bool flush();         // OpenSSL to transport; false when it would block
  void note_failure();  // reads OpenSSL's error queue into facts_
  void note_done();
  static int on_alpn(ssl_st* ssl, const unsigned char** out, unsigned char* out_length,
                     const unsigned char* in, unsigned in_length, void* argument);
  static void on_info(const ssl_st* ssl, int where, int value);

  std::unique_ptr<net::ByteStream> transport_;
  std::shared_ptr<TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  bool server_;
  std::string outgoing_;       // taken from OpenSSL, not yet written
  base::Error transport_end_;  // how the transport's reading side ended, if it did
  base::Error write_error_;    // how its writing side failed, if it did
  bool starved_ = false;       // OpenSSL has taken all that it can use of what came
  TlsFacts facts_;
};

}  // namespace sallyport::sim::wire
