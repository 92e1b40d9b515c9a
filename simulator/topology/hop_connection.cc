#include "simulator/topology/hop_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "reference/net/io.h"

namespace sallyport::sim::topology {
namespace {

using Scratch = std::array<std::byte, HopLine::kPieceBytesMax>;

HopLine::Pace pace_of(const Impairment& impairment) { return {impairment.delay, impairment.rate}; }

}  // namespace

net::Task<bool> HopConnection::Bell::wait_until(base::TimePoint at) {
  deadline_.set(at);
  co_return co_await event_.wait();
}

HopConnection::HopConnection(net::Deadlines& deadlines, Ends ends, Impairment impairment,
                             std::function<void()> on_hit, std::function<void()> on_over)
    : deadlines_(deadlines),
      ends_(std::move(ends)),
      impairment_(impairment),
      on_hit_(std::move(on_hit)),
      on_over_(std::move(on_over)),
      to_listener_(deadlines, *ends_.client, *ends_.listener, pace_of(impairment)),
      to_client_(deadlines, *ends_.listener, *ends_.client, pace_of(impairment)),
      last_octet_(deadlines.now()),
      silence_(deadlines, [this] { look_for_silence(); }) {}

HopConnection::~HopConnection() = default;

void HopConnection::spawn(net::Task<void> root) {
  net::asio::co_spawn(ends_.client->executor(), std::move(root), net::asio::detached);
}

void HopConnection::start() {
  count(deadlines_.now());
  for (Way* const way : {&to_listener_, &to_client_}) {
    spawn(fill(shared_from_this(), way));
    spawn(drain(shared_from_this(), way));
  }
}

void HopConnection::lift() {
  on_hit_ = nullptr;
  impairment_ = {};
  silence_.set(base::TimePoint::max());
  to_listener_.line.set_pace({}, deadlines_.now());
  to_client_.line.set_pace({}, deadlines_.now());
  ring_all();
}

void HopConnection::abort() { over(true); }

void HopConnection::ring_all() {
  for (Way* const way : {&to_listener_, &to_client_}) {
    way->fills.ring();
    way->drains.ring();
  }
}

void HopConnection::over(bool by_reset) {
  if (std::exchange(state_, State::over) == State::over) return;
  silence_.set(base::TimePoint::max());
  // A socket is closed with its last descriptor.
  to_listener_.watch.reset();
  to_client_.watch.reset();
  for (net::TcpStream* const end : {ends_.client.get(), ends_.listener.get()}) {
    if (by_reset) {
      end->abort();
    } else {
      end->close();
    }
  }
  ring_all();
  if (const auto told = std::exchange(on_over_, nullptr)) told();
}

void HopConnection::hit() {
  if (const auto told = std::exchange(on_hit_, nullptr)) told();
}

// An octet has come, or the connection has.
void HopConnection::count(base::TimePoint at) {
  last_octet_ = at;
  if (impairment_.idle_cut) silence_.set(at + impairment_.idle_cut->silence);
}

void HopConnection::look_for_silence() {
  if (state_ != State::flowing || !impairment_.idle_cut) return;
  // Not here: this is the deadline's own call, which it must outlive.
  net::asio::post(ends_.client->executor(), [self = shared_from_this()] {
    const auto& rule = self->impairment_.idle_cut;
    if (self->state_ != State::flowing || !rule) return;
    if (self->deadlines_.now() < self->last_octet_ + rule->silence) return;
    const HopEnd how = rule->how;
    self->hit();
    self->cut(how);
  });
}

// What both ends get is in the header; a reset waits for nothing here.
void HopConnection::cut(HopEnd how) {
  if (state_ != State::flowing) return;
  switch (how) {
    case HopEnd::reset:
      over(true);
      break;
    case HopEnd::fin:
      state_ = State::discarding;
      ends_.client->shutdown_write();
      ends_.listener->shutdown_write();
      ring_all();
      spawn(discard(shared_from_this(), &to_listener_));
      spawn(discard(shared_from_this(), &to_client_));
      break;
    case HopEnd::stall:
      state_ = State::stalled;
      ring_all();
      break;
  }
  silence_.set(base::TimePoint::max());
}

bool HopConnection::take_in(Way& way, std::size_t room) {
  Scratch buffer;
  const auto size = way.from.try_read(std::span(buffer).first(std::min(room, buffer.size())));
  const base::TimePoint now = deadlines_.now();
  if (!size && size.error() == net::StreamErrc::would_block) return true;
  if (size) {
    count(now);
    const bool plain = !impairment_.cut && !impairment_.idle_cut;
    if (plain && (impairment_.delay > base::Duration{0} || impairment_.rate)) hit();
    way.line.put(std::string_view(reinterpret_cast<const char*>(buffer.data()), *size), now);
  } else {
    const bool clean = size.error() == net::StreamErrc::end_of_stream && !way.broken;
    way.filled = true;
    if (clean) spawn(watch_for_reset(shared_from_this(), &way));
    way.line.end(clean ? HopLine::End::fin : HopLine::End::reset, now);
  }
  way.drains.ring();
  return !way.filled;
}

// Waits here have no bound of their own: a hop is there until one of its ends ends.
net::Task<void> HopConnection::fill(Self self, Way* way) {
  while (self->state_ == State::flowing && !way->line.ends()) {
    const std::size_t room = way->line.room(self->deadlines_.now());
    if (room == 0) {
      // Full: until something was taken. Else until the rate lets more in.
      const base::TimePoint open = way->line.open_at();
      const bool full = open <= self->deadlines_.now();
      const bool on = co_await way->fills.wait_until(full ? base::TimePoint::max() : open);
      if (!on) co_return;
      continue;
    }
    const net::Ready ready = co_await way->from.readable();
    if (ready != net::Ready::ready || self->state_ != State::flowing) co_return;
    const std::size_t now_room = way->line.room(self->deadlines_.now());
    if (now_room > 0 && !self->take_in(*way, now_room)) co_return;
  }
}

std::optional<std::uint64_t> HopConnection::left(const Way& way) const {
  if (&way != &to_client_ || !impairment_.cut) return std::nullopt;
  const std::uint64_t offset = impairment_.cut->offset;
  return offset > way.passed ? offset - way.passed : 0;
}

void HopConnection::break_way(Way& way) {
  if (way.drained) {
    over(true);
  } else if (way.filled) {
    way.line.end(HopLine::End::reset, deadlines_.now());
    way.drains.ring();
  } else {
    // There may be octets that came before: they are read first.
    way.broken = true;
  }
}

// A FIN isn't the last that one can hear of a peer. Reading tells nothing more after it.
net::Task<void> HopConnection::watch_for_reset(Self self, Way* way) {
  const int copy = ::fcntl(way->from.native_handle(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0 || self->state_ != State::flowing) co_return;
  way->watch.emplace(way->from.executor(), copy);
  const auto [failed] = co_await way->watch->async_wait(Descriptor::wait_error, net::kAwait);
  if (failed || self->state_ != State::flowing) co_return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(way->from.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) self->break_way(*way);
}

bool HopConnection::hand_out(Way& way, std::string_view bytes, bool& full) {
  const iovec piece = net::as_iovec(bytes);
  const auto sent = way.to.try_write(std::span(&piece, 1));
  if (sent) {
    way.passed += *sent;
    way.line.take(*sent);
    way.fills.ring();
    return true;
  }
  full = sent.error() == net::StreamErrc::would_block;
  if (full) return true;
  // Whom this way leads to is gone; the other way begins there.
  Way& other = &way == &to_client_ ? to_listener_ : to_client_;
  way.line.end(HopLine::End::reset, deadlines_.now());
  break_way(other);
  return false;
}

bool HopConnection::pass_end_on(Way& way, HopLine::End end) {
  if (end == HopLine::End::none) return true;
  way.drained = true;
  if (end == HopLine::End::reset) {
    spawn(reset_when_sent(shared_from_this(), &way));
    return false;
  }
  way.to.shutdown_write();
  if (to_listener_.drained && to_client_.drained) over(false);
  // A reset may follow.
  return state_ == State::flowing && !way.filled;
}

net::Task<void> HopConnection::drain(Self self, Way* way) {
  while (self->state_ == State::flowing) {
    const base::TimePoint now = self->deadlines_.now();
    std::string_view bytes = way->line.due(now);
    if (bytes.empty()) {
      if (!self->pass_end_on(*way, way->line.ended(now))) co_return;
      const bool on = co_await way->drains.wait_until(way->line.next_due());
      if (!on) co_return;
      continue;
    }
    const auto left = self->left(*way);
    if (left)
      bytes =
          bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(*left, bytes.size())));
    bool full = false;
    if (!bytes.empty() && !self->hand_out(*way, bytes, full)) co_return;
    if (full) {
      const net::Ready ready = co_await way->to.writable();
      if (ready != net::Ready::ready) co_return;
      continue;
    }
    if (self->left(*way) != 0U) continue;
    const HopEnd how = self->impairment_.cut->how;
    self->hit();
    if (how == HopEnd::reset) {
      co_await reset_when_sent(self, way);
    } else {
      self->cut(how);
    }
    co_return;
  }
}

// RST to both ends, once what was handed to `way`'s kernel is on its way: a reset would throw away
// what isn't.
net::Task<void> HopConnection::reset_when_sent(Self self, Way* way) {
  const int octets = 1;
  ::setsockopt(way->to.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &octets, sizeof octets);
  static_cast<void>(co_await way->to.writable());
  self->over(true);
}

net::Task<void> HopConnection::discard(Self self, Way* way) {
  while (self->state_ == State::discarding && !way->filled) {
    const net::Ready ready = co_await way->from.readable();
    if (ready != net::Ready::ready || self->state_ != State::discarding) co_return;
    Scratch buffer;
    const auto size = way->from.try_read(buffer);
    way->filled = !size && size.error() != net::StreamErrc::would_block;
  }
  if (self->to_listener_.filled && self->to_client_.filled) self->over(false);
}

}  // namespace sallyport::sim::topology
