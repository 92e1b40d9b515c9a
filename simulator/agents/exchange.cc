#include "simulator/agents/exchange.h"

#include <array>
#include <cerrno>

#include "reference/net/clock.h"
#include "reference/net/io.h"
#include "simulator/journal/journal.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;

bool is_system(const base::Error& error) {
  return error.category() == boost::system::system_category() ||
         error.category() == boost::system::generic_category();
}

// A FIN, with a close_notify or without.
bool ended_well(const base::Error& error) {
  return error == net::StreamErrc::end_of_stream || error == net::StreamErrc::truncated;
}

}  // namespace

ClientConnection::~ClientConnection() {
  if (stream) stream->abort();
}

Exchange::Exchange(RequestSpec spec, ClientContext& context)
    : spec_(std::move(spec)), context_(context) {
  seen_.started = context_.clock.now();
  deadline_ = seen_.started + context_.timeout;
  first_event_ = context_.journal.events().size();
  if (!spec_.abort) return;
  abort_.emplace(context_.journal, *spec_.abort);
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
  using Adapter = RequestSpec::Adapter;
  if (!context_.via) return false;
  return spec_.adapter == Adapter::connect || (spec_.adapter == Adapter::automatic && url_.tls());
}

bool Exchange::absolute() const { return context_.via && !uses_connect(); }

std::string Exchange::binding() const {
  const std::string way = context_.via ? context_.via->name + (absolute() ? " forward" : " connect")
                                       : std::string("direct");
  // An absolute form's connection is to the proxy, whatever its next request is for.
  return absolute() ? way : way + " " + url_.scheme + " " + url_.authority();
}

net::Task<Seen> Exchange::run() {
  const auto url = Url::parse(spec_.url);
  if (!url) seen_.raw.resolve_failed = true;
  bool going = url.has_value() && !seen_.raw.aborted;
  if (going) url_ = *url;
  if (going && !reuse()) {
    going = !seen_.raw.kept_connection_ended;
    if (going) going = co_await open();
  }
  if (going) {
    const RequestText text = request_text(spec_, url_, absolute(), context_.nonce);
    HttpReader reader(HttpReader::Kind::answer, text.method);
    if (!connection_->early.empty()) took(reader, connection_->early);
    connection_->early.clear();
    const bool sent = co_await send_request(text, reader);
    if (sent) co_await read_answer(reader);
    keep_or_close(reader);
  } else if (connection_ && connection_->stream && !seen_.raw.aborted) {
    connection_->stream->close();
  }
  seen_.ended = context_.clock.now();
  if (seen_.answered_by.empty() && seen_.answer) note_answerer();
  co_return std::move(seen_);
}

bool Exchange::reuse() {
  if (spec_.connection.empty() || context_.pool == nullptr) return false;
  connection_ = context_.pool->take(spec_.connection);
  if (!connection_ || connection_->bound_to != binding()) {
    connection_ = nullptr;
    return false;
  }
  std::array<std::byte, 4096> piece;  // NOLINT: filled before it is read
  const auto got = connection_->stream->try_read(piece);
  if (!got && spec_.reconnects && ended_well(got.error())) {
    connection_->stream->close();
    connection_ = nullptr;
    return false;
  }
  seen_.reused = true;
  seen_.http_connect = connection_->http_connect;
  seen_.tls_verify = connection_->tls_verify;
  seen_.raw.phase = Phase::request;
  if (got) {
    connection_->early.assign(reinterpret_cast<const char*>(piece.data()), *got);
  } else if (got.error() != net::StreamErrc::would_block) {
    seen_.raw.kept_connection_ended = true;
    ended(got.error());
    return false;
  }
  return true;
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
  if (url_.tls() && !absolute()) {
    const bool secured = co_await secure();
    if (!secured) co_return false;
  }
  co_return true;
}

net::Task<bool> Exchange::resolve(std::vector<net::Endpoint>& to) {
  seen_.raw.phase = Phase::resolve;
  if (const auto literal = net::IpAddress::parse(url_.host)) {
    to.push_back(net::Endpoint{*literal, url_.port});
    co_return true;
  }
  net::Task<Resolved> asked = context_.resolve(url_.host, deadline_);
  const Resolved found = co_await std::move(asked);
  seen_.rcode = found.rcode;
  for (const auto& address : found.addresses) to.push_back(net::Endpoint{address, url_.port});
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
      co_return true;
    }
    seen_.raw.timed_out = dialled.expired;
    seen_.raw.connect_errno = seen_.error = dialled.expired ? 0 : dialled.error;
  }
  co_return false;
}

net::Task<bool> Exchange::tunnel() {
  seen_.raw.phase = Phase::tunnel;
  const std::string text = connect_text(url_, context_.nonce);
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
  options.verify = spec_.tls_verify;
  options.sni = spec_.tls_sni.empty() ? url_.host : spec_.tls_sni;
  options.name = options.sni;
  if (!spec_.tls_alpn.empty()) options.alpn.push_back(spec_.tls_alpn);
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
  if (seen_.raw.aborted) return;  // our own doing
  if (error == boost::system::errc::timed_out && context_.clock.now() >= deadline_) {
    seen_.raw.timed_out = true;
    return;
  }
  seen_.raw.peer_ended = true;
  if (is_system(error)) seen_.error = error.value();
}

net::Task<bool> Exchange::take(HttpReader& reader) {
  std::array<std::byte, 16384> piece;  // NOLINT: filled before it is read
  const auto got = co_await net::read_some(*connection_->stream, piece);
  if (!got) {
    // Without a close_notify nobody can tell an end from a cut: the framing stays open.
    ended(got.error());
    co_return false;
  }
  if (*got == 0) {
    seen_.raw.peer_ended = true;
    reader.finish();
    co_return false;
  }
  took(reader, std::string_view(reinterpret_cast<const char*>(piece.data()), *got));
  co_return true;
}

void Exchange::took(HttpReader& reader, std::string_view bytes) {
  const base::TimePoint now = context_.clock.now();
  if (!seen_.first_byte) seen_.first_byte = now;
  if (last_byte_) seen_.longest_gap = std::max(seen_.longest_gap, now - *last_byte_);
  last_byte_ = now;
  reader.feed(bytes);
}

}  // namespace sallyport::sim::agents
