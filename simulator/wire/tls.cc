#include "simulator/wire/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "reference/base/check.h"
#include "reference/base/clock.h"
#include "reference/net/address.h"

namespace sallyport::sim::wire {
namespace {

// How much is given to the transport at once, and taken from it.
constexpr std::size_t kPiece = 16U << 10U;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeX509>;

Bio reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate next_certificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string out;
  for (const auto& protocol : protocols) {
    out += static_cast<char>(protocol.size());
    out += protocol;
  }
  return out;
}

// `unknown CA` as scenarios write it: unknown_ca.
std::string alert_name(int value) {
  std::string name = SSL_alert_desc_string_long(value);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == ' ' ? '_' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  });
  return name;
}

bool is_literal(const std::string& name) { return net::IpAddress::parse(name).has_value(); }

SSL_CTX* new_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  CHECK(context != nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return context;
}

void set_expected_name(SSL* ssl, const TlsClientOptions& options) {
  if (is_literal(options.name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), options.name.c_str());
  } else if (!options.name.empty()) {
    SSL_set1_host(ssl, options.name.c_str());
  }
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::server(const Leaf& leaf, std::vector<std::string> alpn) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->context_ = new_context(TLS_server_method());
  made->alpn_ = std::move(alpn);
  SSL_CTX_set_num_tickets(made->context_, 0);  // nothing but what the scenario's parties say
  const Bio chain = reading(leaf.chain_pem);
  const Certificate first = next_certificate(chain.get());
  CHECK(first != nullptr && SSL_CTX_use_certificate(made->context_, first.get()) == 1);
  while (Certificate more = next_certificate(chain.get())) {
    SSL_CTX_add_extra_chain_cert(made->context_, more.release());
  }
  ERR_clear_error();
  const Bio bio = reading(leaf.key_pem);
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  CHECK(key != nullptr && SSL_CTX_use_PrivateKey(made->context_, key.get()) == 1);
  return made;
}

std::shared_ptr<TlsContext> TlsContext::client(const std::string& trust_pem) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->context_ = new_context(TLS_client_method());
  const Bio bio = reading(trust_pem);
  while (const Certificate trusted = next_certificate(bio.get())) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(made->context_), trusted.get());
  }
  ERR_clear_error();
  return made;
}

namespace {

// Both ends over a pair of memory BIOs; what it comes to is of no interest.
void shake_hands(SSL_CTX* server, SSL_CTX* client) {
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  const std::unique_ptr<SSL, FreeSsl> here(SSL_new(server));
  const std::unique_ptr<SSL, FreeSsl> there(SSL_new(client));
  BIO* near_end = nullptr;
  BIO* far_end = nullptr;
  CHECK(here && there && BIO_new_bio_pair(&near_end, 0, &far_end, 0) == 1);
  SSL_set_bio(here.get(), near_end, near_end);
  SSL_set_bio(there.get(), far_end, far_end);
  SSL_set_accept_state(here.get());
  SSL_set_connect_state(there.get());
  constexpr int kFlights = 4;
  for (int flight = 0; flight < kFlights; ++flight) {
    SSL_do_handshake(there.get());
    SSL_do_handshake(here.get());
  }
  ERR_clear_error();
}

}  // namespace

void prepare_tls() {
  const auto authority = Authority::make(base::SystemClock().wall_ms());
  const auto server = TlsContext::server(authority->leaf({"prepared.test"}, Defect::none));
  const auto client = TlsContext::client(authority->ca_pem());
  shake_hands(server->get(), client->get());
}

void reseed_tls() { RAND_poll(); }

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsStream::TlsStream(std::unique_ptr<net::ByteStream> transport,
                     std::shared_ptr<TlsContext> context, bool server)
    : transport_(std::move(transport)), context_(std::move(context)), server_(server) {
  ssl_ = SSL_new(context_->get());
  CHECK(ssl_ != nullptr);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  CHECK(in != nullptr && out != nullptr);
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_, in, out);
  SSL_set_app_data(ssl_, this);
  SSL_set_info_callback(ssl_, &TlsStream::on_info);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

std::unique_ptr<TlsStream> TlsStream::server(std::unique_ptr<net::ByteStream> transport,
                                             std::shared_ptr<TlsContext> context) {
  SSL_CTX_set_alpn_select_cb(context->get(), &TlsStream::on_alpn, context.get());
  std::unique_ptr<TlsStream> made(new TlsStream(std::move(transport), std::move(context), true));
  SSL_set_accept_state(made->ssl_);
  return made;
}

std::unique_ptr<TlsStream> TlsStream::client(std::unique_ptr<net::ByteStream> transport,
                                             std::shared_ptr<TlsContext> context,
                                             const TlsClientOptions& options) {
  std::unique_ptr<TlsStream> made(new TlsStream(std::move(transport), std::move(context), false));
  SSL_set_connect_state(made->ssl_);
  SSL_set_verify(made->ssl_, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  set_expected_name(made->ssl_, options);
  if (!options.sni.empty() && !is_literal(options.sni)) {
    SSL_set_tlsext_host_name(made->ssl_, options.sni.c_str());
  }
  const std::string offered = wire_form(options.alpn);
  if (!offered.empty()) {
    SSL_set_alpn_protos(made->ssl_, reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }
  return made;
}

int TlsStream::on_alpn(ssl_st* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                       const unsigned char* in, unsigned in_length, void* argument) {
  const std::string ours = wire_form(static_cast<TlsContext*>(argument)->alpn());
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_length,
                                          reinterpret_cast<const unsigned char*>(ours.data()),
                                          static_cast<unsigned>(ours.size()), in, in_length);
  if (ours.empty() || found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  // `chosen` points into our list, which is going: point at the client's equal entry instead.
  for (unsigned at = 0; at < in_length; at += in[at] + 1U) {
    if (in[at] == *out_length && std::equal(chosen, chosen + *out_length, in + at + 1)) {
      *out = in + at + 1;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

void TlsStream::on_info(const ssl_st* ssl, int where, int value) {
  constexpr int kFatal = 2;
  const bool read_alert = (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT;
  if (!read_alert || (value >> 8) != kFatal) return;
  static_cast<TlsStream*>(SSL_get_app_data(ssl))->facts_.alert = alert_name(value & 0xff);
}

net::Task<bool> TlsStream::handshake() {
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    const int reason = SSL_get_error(ssl_, result);
    const bool flushed = flush();
    if (result == 1) {
      note_done();
      co_return true;
    }
    if (reason != SSL_ERROR_WANT_READ) {
      note_failure();
      co_return false;
    }
    if (!flushed && !outgoing_.empty()) {
      const net::Ready ready = co_await writable();
      if (ready == net::Ready::ready) continue;
      facts_.failure = "expired";
      co_return false;
    }
    const Fill filled = fill();
    if (filled == Fill::some) continue;
    if (filled != Fill::would_block) {
      facts_.failure = filled == Fill::ended ? "eof" : "reset";
      co_return false;
    }
    const net::Ready ready = co_await transport_->readable();
    if (ready != net::Ready::ready) {
      facts_.failure = "expired";
      co_return false;
    }
  }
}

void TlsStream::note_done() {
  facts_.done = true;
  facts_.version = SSL_get_version(ssl_);
  if (!server_) facts_.verify = static_cast<int>(SSL_get_verify_result(ssl_));
  if (facts_.verify != X509_V_OK) {
    facts_.verify_text = X509_verify_cert_error_string(facts_.verify);
  }
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &chosen, &length);
  if (length > 0) facts_.alpn.assign(reinterpret_cast<const char*>(chosen), length);
  const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  if (server_ && sni != nullptr) facts_.sni = sni;
}

void TlsStream::note_failure() {
  const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  if (server_ && sni != nullptr) facts_.sni = sni;
  const auto verify = static_cast<int>(SSL_get_verify_result(ssl_));
  if (!server_ && verify != X509_V_OK) {
    facts_.verify = verify;
    facts_.verify_text = X509_verify_cert_error_string(verify);
    facts_.failure = "untrusted";
  } else {
    facts_.failure = facts_.alert.empty() ? "not_tls" : "alert";
  }
  ERR_clear_error();
}

TlsStream::Fill TlsStream::fill() {
  if (transport_end_) return Fill::failed;
  std::array<std::byte, kPiece> piece;  // NOLINT: filled before it is read
  const auto got = transport_->try_read(piece);
  if (got) {
    const int size = static_cast<int>(*got);
    CHECK(BIO_write(SSL_get_rbio(ssl_), piece.data(), size) == size);
    return Fill::some;
  }
  if (got.error() == net::StreamErrc::would_block) return Fill::would_block;
  transport_end_ = got.error();
  return got.error() == net::StreamErrc::end_of_stream ? Fill::ended : Fill::failed;
}

bool TlsStream::flush() {
  BIO* out = SSL_get_wbio(ssl_);
  while (true) {
    if (outgoing_.empty()) {
      outgoing_.resize(std::min<std::size_t>(BIO_ctrl_pending(out), 4 * kPiece));
      if (outgoing_.empty()) return true;
      BIO_read(out, outgoing_.data(), static_cast<int>(outgoing_.size()));
    }
    const iovec piece{outgoing_.data(), outgoing_.size()};
    const auto wrote = transport_->try_write(std::span(&piece, 1));
    if (wrote) {
      outgoing_.erase(0, *wrote);
      continue;
    }
    if (wrote.error() == net::StreamErrc::would_block) return false;
    write_error_ = wrote.error();
    outgoing_.clear();
    return false;
  }
}

base::Result<std::size_t> TlsStream::try_read(std::span<std::byte> into) {
  const int most = static_cast<int>(std::min(into.size(), kPiece));
  while (true) {
    ERR_clear_error();
    const int got = SSL_read(ssl_, into.data(), most);
    starved_ = false;
    if (got > 0) return static_cast<std::size_t>(got);
    const int reason = SSL_get_error(ssl_, got);
    if (reason == SSL_ERROR_ZERO_RETURN) return net::StreamErrc::end_of_stream;
    if (reason != SSL_ERROR_WANT_READ) {
      note_failure();
      return net::StreamErrc::protocol;
    }
    switch (fill()) {
      case Fill::some:
        continue;
      case Fill::would_block:
        starved_ = true;
        return net::StreamErrc::would_block;
      case Fill::ended:
      case Fill::failed:
        if (transport_end_ == net::StreamErrc::end_of_stream) return net::StreamErrc::truncated;
        return transport_end_;
    }
  }
}

base::Result<std::size_t> TlsStream::try_write(std::span<const iovec> from) {
  if (!flush() && !write_error_) return net::StreamErrc::would_block;
  if (write_error_) return write_error_;
  const auto piece =
      std::find_if(from.begin(), from.end(), [](const iovec& part) { return part.iov_len > 0; });
  if (piece == from.end()) return std::size_t{0};
  ERR_clear_error();
  const int wrote = SSL_write(ssl_, piece->iov_base,
                              static_cast<int>(std::min<std::size_t>(piece->iov_len, 4 * kPiece)));
  if (wrote <= 0) {
    ERR_clear_error();
    return net::StreamErrc::protocol;
  }
  flush();
  return static_cast<std::size_t>(wrote);
}

net::Task<net::Ready> TlsStream::readable() {
  flush();  // what we hold back may be what the peer waits for
  const bool unread = SSL_pending(ssl_) > 0 || BIO_ctrl_pending(SSL_get_rbio(ssl_)) > 0;
  if (unread && !starved_) co_return net::Ready::ready;
  co_return co_await transport_->readable();
}

net::Task<net::Ready> TlsStream::writable() {
  do {
    const net::Ready ready = co_await transport_->writable();
    if (ready != net::Ready::ready) co_return ready;
    flush();
  } while (!outgoing_.empty());
  co_return net::Ready::ready;
}

void TlsStream::set_deadline(base::TimePoint at) { transport_->set_deadline(at); }
base::TimePoint TlsStream::deadline() const { return transport_->deadline(); }

void TlsStream::shutdown_write() {
  if (facts_.done) SSL_shutdown(ssl_);
  flush();
  ERR_clear_error();
  transport_->shutdown_write();
}

void TlsStream::fin_without_notify() { transport_->shutdown_write(); }

void TlsStream::abort() { transport_->abort(); }

void TlsStream::close() {
  if (facts_.done) SSL_shutdown(ssl_);
  flush();
  ERR_clear_error();
  transport_->close();
}

std::string TlsStream::local_endpoint() const { return transport_->local_endpoint(); }
std::string TlsStream::peer_endpoint() const { return transport_->peer_endpoint(); }

}  // namespace sallyport::sim::wire
