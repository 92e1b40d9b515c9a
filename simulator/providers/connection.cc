#include "simulator/providers/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <utility>

#include "reference/net/clock.h"
#include "reference/net/io.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::providers {
namespace {

using journal::Fields;

std::string how_ended(const base::Error& error) {
  if (error == boost::system::errc::connection_reset) return "reset";
  if (error == net::StreamErrc::truncated) return "fin";
  return error.message();
}

}  // namespace

std::string_view to_string(CutHow how) {
  switch (how) {
    case CutHow::reset:
      return "reset";
    case CutHow::fin:
      return "fin";
    case CutHow::clean:
      return "clean";
    case CutHow::stall:
      return "stall";
  }
  return "";
}

Connection::Connection(const Environment& environment, Actor actor, std::uint64_t number,
                       std::unique_ptr<net::TcpStream> stream, std::shared_ptr<Gate> gate)
    : environment_(environment),
      actor_(std::move(actor)),
      id_(actor_.name + "#" + std::to_string(number)),
      tcp_(stream.get()),
      gate_(gate),
      changed_(environment.executor) {
  const auto peer = stream->peer();
  if (peer && environment_.host_of) from_ = environment_.host_of(*peer);
  to_ = stream->local_endpoint();
  stream_ = std::make_unique<GatedStream>(std::move(stream), std::move(gate));
}

void Connection::note_accepted() {
  Fields fields;
  fields["to"] = to_;
  note("connection", std::move(fields));
}

void Connection::note(std::string kind, Fields fields) {
  journal::Event event;
  event.source = actor_.name;
  event.source_type = actor_.type;
  event.kind = std::move(kind);
  event.step = step_;
  if (event.step.empty() && environment_.step_of) event.step = environment_.step_of({});
  event.connection = id_;
  event.from = from_;
  event.fields = std::move(fields);
  environment_.journal.append(std::move(event));
}

void Connection::note_closed(const std::string& how) {
  if (closed_noted_) return;
  closed_noted_ = true;
  Fields fields;
  fields["how"] = how;
  if (close_code_) fields["code"] = std::int64_t{*close_code_};
  note("closed", std::move(fields));
}

net::Task<bool> Connection::secure(std::shared_ptr<wire::TlsContext> context) {
  auto stream = wire::TlsStream::server(std::move(stream_), std::move(context));
  tls_ = stream.get();
  stream_ = std::move(stream);
  const bool done = co_await tls_->handshake();
  const wire::TlsFacts& facts = tls_->facts();
  if (!done) {
    broken_ = peer_ended_ = true;
    note_closed(facts.alert.empty() ? facts.failure : facts.alert);
    stream_->close();
    co_return false;
  }
  Fields fields;
  fields["sni"] = facts.sni;
  fields["alpn"] = facts.alpn;
  fields["version"] = facts.version;
  note("handshake", std::move(fields));
  co_return true;
}

net::Task<void> Connection::read_until_end(bool quiet) {
  std::array<std::byte, 16384> piece;  // NOLINT: filled before it is read
  while (!broken_) {
    // Without a deadline: a provider waits as long as its world lives, and stop() ends it.
    const auto got = co_await net::read_some(*stream_, piece);
    if (!got || *got == 0) {
      if (!got) broken_ = got.error() != net::StreamErrc::truncated;
      peer_ended_ = true;
      note_closed(got ? "fin" : how_ended(got.error()));
      break;
    }
    if (quiet) continue;
    std::string data(reinterpret_cast<const char*>(piece.data()), *got);
    if (environment_.step_of) {
      std::string step = environment_.step_of(data);
      if (!step.empty()) step_ = std::move(step);
    }
    inbox_ += data;
    Fields fields;
    fields["size"] = static_cast<std::int64_t>(data.size());
    fields["data"] = std::move(data);
    note("bytes", std::move(fields));
    changed_.notify();
    while (inbox_.size() >= inbox_max_ && !broken_) co_await changed();
  }
  changed_.notify();
}

std::string Connection::take_inbox() {
  std::string taken = std::exchange(inbox_, {});
  if (taken.size() >= inbox_max_) changed_.notify();
  return taken;
}

net::Task<void> Connection::changed() {
  const bool woken = co_await changed_.wait();
  if (woken) co_await gate_->open();
}

net::Task<bool> Connection::pause(base::Duration duration) {
  co_await gate_->open();
  if (duration <= base::Duration{0}) co_return !broken_;
  const auto scaled =
      static_cast<std::int64_t>(static_cast<double>(duration.count()) * environment_.slow);
  const base::TimePoint until = environment_.clock.now() + base::Duration{scaled};
  net::Deadline alarm(environment_.deadlines, [this] { changed_.notify(); });
  alarm.set(until);
  while (!broken_ && environment_.clock.now() < until) {
    co_await changed();
    alarm.set(until);  // it rings once; a timer may ring a little early
  }
  co_return !broken_;
}

net::Task<bool> Connection::hold(journal::Selector until) {
  Lookout lookout(*this, std::move(until));
  while (!broken_ && !lookout.happened()) co_await changed();
  co_return !broken_;
}

net::Task<bool> Connection::send(std::string_view bytes) {
  co_await gate_->open();
  if (broken_) co_return false;
  const auto wrote = co_await net::write_all(*stream_, bytes);
  if (wrote.has_error()) {
    broken_ = true;
    note_closed(how_ended(wrote.error()));
    co_return false;
  }
  const net::Ready drained = co_await stream_->writable();  // TLS may hold some of it back
  co_return drained == net::Ready::ready && !broken_;
}

net::Task<void> Connection::settle() {
  constexpr int kLooks = 200;
  for (int look = 0; look < kLooks && !broken_; ++look) {
    int unsent = 0;
    if (::ioctl(tcp_->native_handle(), SIOCOUTQ, &unsent) != 0 || unsent == 0) co_return;
    const base::TimePoint soon = environment_.clock.now() + std::chrono::milliseconds{1};
    co_await environment_.clock.sleep_until(soon);
  }
}

net::Task<void> Connection::cut(CutHow how) {
  Fields fields;
  fields["how"] = std::string(to_string(how));
  // What was sent before is to be read before the end is: a reset drops what is still queued.
  if (how == CutHow::reset) co_await settle();
  note("cut", std::move(fields));
  if (how == CutHow::clean) co_return;
  if (how == CutHow::reset) reset();
  if (how == CutHow::fin && tls_ != nullptr) tls_->fin_without_notify();
  if (how == CutHow::fin && tls_ == nullptr) stream_->shutdown_write();
  while (!peer_ended_ && !broken_) co_await changed();
}

void Connection::half_close() { stream_->shutdown_write(); }

void Connection::reset() {
  note_closed("self");
  broken_ = true;
  stream_->abort();
  changed_.notify();
}

void Connection::close() {
  note_closed("self");
  broken_ = true;
  stream_->close();
  changed_.notify();
}

void Connection::end() {
  note_closed("self");
  broken_ = true;
  tcp_->close();
  changed_.notify();
}

Lookout::Lookout(Connection& connection, journal::Selector until)
    : journal_(connection.environment().journal), watch_(journal_, std::move(until)) {
  subscription_ = journal_.subscribe([this, on = &connection](const journal::Event&) {
    if (watch_.happened()) on->wake();
  });
}

Lookout::~Lookout() { journal_.unsubscribe(subscription_); }

}  // namespace sallyport::sim::providers
