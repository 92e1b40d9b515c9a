#include "simulator/agents/exchange.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "reference/net/clock.h"
#include "reference/net/io.h"
#include "simulator/agents/request_text.h"
#include "simulator/journal/journal.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;

bool is_system(const base::Error& error) {
  return error.category() == boost::system::system_category() ||
         error.category() == boost::system::generic_category();
}

}  // namespace

ClientConnection::~ClientConnection() {
  if (stream) stream->abort();
}

Exchange::Exchange(Target target, ClientContext& context)
    : target_(std::move(target)), context_(context), url_(Url::parse(target_.url)) {
  seen_.started = context_.clock.now();
  deadline_ = seen_.started + context_.timeout;
  first_event_ = context_.journal.events().size();
  if (!url_) seen_.raw.resolve_failed = true;
  if (!target_.abort) return;
  abort_.emplace(context_.journal, *target_.abort);
  if (abort_->happened()) seen_.raw.aborted = true;
  subscription_ = context_.journal.subscribe([this](const journal::Event&) { on_event(); });
}

Exchange::~Exchange() {
  if (subscription_ != 0) context_.journal.unsubscribe(subscription_);
}

void Exchange::on_event() {
  if (!seen_.raw.aborted && abort_->happened()) abort_now();
}

void Exchange::abort_now() {
  seen_.raw.aborted = true;
  if (connection_ && connection_->stream) connection_->stream->abort();
}

bool Exchange::uses_connect() const {
  if (!context_.via) return false;
  return target_.adapter == Adapter::connect ||
         (target_.adapter == Adapter::automatic && url_->tls());
}

bool Exchange::absolute() const { return context_.via && !uses_connect(); }

std::string Exchange::binding() const {
  const std::string way = context_.via ? context_.via->name + (absolute() ? " forward" : " connect")
                                       : std::string("direct");
  // An absolute form's connection is to the proxy, whatever its next request is for.
  return absolute() ? way : way + " " + url_->scheme + " " + url_->authority();
}

net::Task<bool> Exchange::open() {
  connection_ = std::make_unique<ClientConnection>();
  connection_->bound_to = binding();
  std::vector<net::Endpoint> to;
  if (context_.via) {
    to.push_back(context_.via->endpoint);
  } else {
    const bool resolved = co_await resolve(to);
    if (!resolved) co_return false;
  }
  const bool connected = co_await connect(to);
  if (!connected) co_return false;
  if (uses_connect()) {
    const bool tunnelled = co_await tunnel();
    if (!tunnelled) co_return false;
  }
  if (url_->tls() && !absolute()) {
    const bool secured = co_await secure();
    if (!secured) co_return false;
  }
  co_return true;
}

net::Task<bool> Exchange::resolve(std::vector<net::Endpoint>& to) {
  seen_.raw.phase = Phase::resolve;
  if (const auto literal = net::IpAddress::parse(url_->host)) {
    to.push_back(net::Endpoint{*literal, url_->port});
    co_return true;
  }
  net::Task<Resolved> asked = context_.resolve(url_->host, deadline_);
  const Resolved found = co_await std::move(asked);
  seen_.rcode = found.rcode;
  for (const auto& address : found.addresses) to.push_back(net::Endpoint{address, url_->port});
  seen_.raw.resolve_failed = to.empty();
  seen_.raw.timed_out = to.empty() && context_.clock.now() >= deadline_;
  co_return !to.empty() && !seen_.raw.aborted;
}

net::Task<bool> Exchange::connect(const std::vector<net::Endpoint>& to) {
  seen_.raw.phase = Phase::connect;
  seen_.raw.peer_was_via = context_.via.has_value();
  for (const net::Endpoint& endpoint : to) {
    net::Task<Dialled> dialling = context_.connect(endpoint, deadline_);
    Dialled dialled = co_await std::move(dialling);
    if (seen_.raw.aborted) co_return false;
    if (dialled.stream) {
      seen_.raw.connect_errno = seen_.error = 0;
      connection_->stream = std::move(dialled.stream);
      connection_->stream->set_deadline(deadline_);
      connection_->peer = endpoint;
      if (context_.pool != nullptr) connection_->id = context_.pool->next_id(context_.step);
      seen_.connection = connection_->id;
      co_return true;
    }
    seen_.raw.timed_out = dialled.expired;
    seen_.raw.connect_errno = seen_.error = dialled.expired ? 0 : dialled.error;
  }
  co_return false;
}

net::Task<bool> Exchange::tunnel() {
  seen_.raw.phase = Phase::tunnel;
  const std::string text = connect_text(*url_, context_.nonce);
  HttpReader reader(HttpReader::Kind::answer, "CONNECT");
  (void)co_await send(text);  // an answer may be there though not all could be sent
  while (!reader.head_done() && !reader.done()) {
    const bool more = co_await take(reader);
    if (!more) break;
  }
  if (!reader.head_done()) {
    seen_.raw.malformed = reader.state() == HttpReader::State::malformed;
    co_return false;
  }
  seen_.http_connect = connection_->http_connect = reader.message().status;
  if (reader.message().status / 100 == 2) {
    connection_->early = reader.take_leftover();
    seen_.first_byte.reset();  // that was the way's, not the answer's
    last_byte_.reset();
    seen_.longest_gap = base::Duration{0};
    co_return true;
  }
  // What refuses the tunnel is the last answer there is.
  refused_tunnel_ = true;
  while (!reader.done()) {
    const bool more = co_await take(reader);
    if (!more) break;
  }
  judge_answer(reader);
  seen_.raw.phase = Phase::tunnel;
  co_return false;
}

net::Task<bool> Exchange::secure() {
  seen_.raw.phase = Phase::tls;
  wire::TlsClientOptions options;
  options.verify = target_.tls.verify;
  options.sni = target_.tls.sni.empty() ? url_->host : target_.tls.sni;
  options.name = options.sni;
  if (!target_.tls.alpn.empty()) options.alpn.push_back(target_.tls.alpn);
  if (!connection_->early.empty()) co_return false;  // octets before ours: no TLS peer
  auto stream = wire::TlsStream::client(std::move(connection_->stream), context_.trust, options);
  wire::TlsStream& tls = *stream;
  connection_->stream = std::move(stream);
  const bool done = co_await tls.handshake();
  const wire::TlsFacts& facts = tls.facts();
  seen_.tls_alert = facts.alert;
  if (done || facts.failure == "untrusted") seen_.tls_verify = facts.verify;
  connection_->tls_verify = seen_.tls_verify;
  seen_.raw.tls_verify_failed = facts.failure == "untrusted";
  seen_.raw.timed_out = facts.failure == "expired" && !seen_.raw.aborted;
  seen_.raw.peer_ended = facts.failure == "eof" || facts.failure == "reset";
  if (facts.failure == "reset") seen_.error = ECONNRESET;
  co_return done && !seen_.raw.aborted;
}

net::Task<bool> Exchange::send(std::string_view bytes) {
  net::ByteStream& stream = *connection_->stream;
  const auto wrote = co_await net::write_all(stream, bytes);
  if (wrote.has_error()) {
    ended(wrote.error());
    co_return false;
  }
  (void)co_await stream.writable();  // TLS may hold some of it back
  co_return true;
}

void Exchange::ended(const base::Error& error) {
  if (seen_.raw.aborted || closed_here_) return;  // our own doing
  if (error == boost::system::errc::timed_out && context_.clock.now() >= deadline_) {
    seen_.raw.timed_out = true;
    return;
  }
  seen_.raw.peer_ended = true;
  if (is_system(error)) seen_.error = error.value();
}

net::Task<std::string> Exchange::receive() {
  std::array<std::byte, 16384> piece;  // NOLINT: filled before it is read
  const auto got = co_await net::read_some(*connection_->stream, piece);
  if (!got) {
    ended(got.error());
    co_return std::string();
  }
  if (*got == 0) {
    seen_.raw.peer_ended = true;
    ended_cleanly_ = true;
    co_return std::string();
  }
  std::string bytes(reinterpret_cast<const char*>(piece.data()), *got);
  took(bytes);
  co_return bytes;
}

net::Task<bool> Exchange::take(HttpReader& reader) {
  const std::string bytes = co_await receive();
  // Without a close_notify nobody can tell an end from a cut: the framing stays open.
  if (bytes.empty() && ended_cleanly_) reader.finish();
  if (bytes.empty()) co_return false;
  reader.feed(bytes);
  co_return true;
}

void Exchange::took(std::string_view bytes) {
  if (bytes.empty()) return;
  const base::TimePoint now = context_.clock.now();
  if (!seen_.first_byte) seen_.first_byte = now;
  if (last_byte_) seen_.longest_gap = std::max(seen_.longest_gap, now - *last_byte_);
  last_byte_ = now;
}

}  // namespace sallyport::sim::agents
