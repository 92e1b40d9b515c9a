#include "reference/relay/upstream.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/tls/accept_connect.h"

namespace sallyport::relay {

Upstream::Upstream(const Services& services, UpstreamTarget target, const base::Limits& limits)
    : services_(services), target_(std::move(target)), limits_(limits) {}

Upstream::~Upstream() = default;

void Upstream::adopt(std::unique_ptr<net::TcpStream> tcp) {
  dialled_ = std::move(tcp);
  peer_ = dialled_->peer();
}

bool Upstream::reuse(std::unique_ptr<net::ByteStream> stream, const net::Endpoint& peer) {
  drop();
  stream_ = std::move(stream);
  peer_ = peer;
  inlet_.emplace(*stream_, services_.buffers);
  if (alive()) return true;
  drop();
  return false;
}

std::unique_ptr<net::ByteStream> Upstream::release() {
  CHECK(stream_ != nullptr && inlet_->bytes().empty());
  inlet_.reset();
  return std::move(stream_);
}

void Upstream::retarget(std::vector<net::Endpoint> endpoints) {
  target_.endpoints = std::move(endpoints);
  const auto& now = target_.endpoints;
  if (peer_ && std::find(now.begin(), now.end(), *peer_) != now.end()) return;
  dialled_.reset();
  drop();
}

void Upstream::rest() {
  if (inlet_) inlet_->rest();
}

void Upstream::drop() {
  inlet_.reset();
  stream_.reset();
}

void Upstream::abort() {
  if (stream_) stream_->abort();
}

// Between requests an upstream has nothing to say: silence is life.
bool Upstream::alive() {
  if (!stream_) return false;
  return inlet_->bytes().empty() && inlet_->fill_now() == Io::expired;
}

net::Task<bool> Upstream::ready() {
  error_ = OpenError::none;
  cause_.clear();
  if (alive()) co_return true;
  drop();
  // What was dialled before the client's first request may be gone by now: once more, then.
  const bool stale_possible = dialled_ != nullptr;
  const bool opened = co_await open();
  if (opened && (!stale_possible || alive())) co_return true;
  if (!stale_possible || error_ == OpenError::unverified) co_return opened;
  drop();
  error_ = OpenError::none;
  cause_.clear();
  const bool again = co_await open();
  co_return again;
}

net::Task<bool> Upstream::open() {
  if (!dialled_) {
    const bool connected = co_await dial();
    if (!connected) co_return false;
  }
  if (target_.tls) {
    const bool secured = co_await secure();
    if (!secured) co_return false;
  } else {
    stream_ = std::move(dialled_);
  }
  inlet_.emplace(*stream_, services_.buffers);
  co_return true;
}

net::Task<bool> Upstream::dial() {
  auto dialled = co_await services_.dialer.dial_tcp(target_.endpoints,
                                                    services_.clock.now() + limits_.connect);
  if (dialled) {
    adopt(std::move(*dialled));
    co_return true;
  }
  error_ = OpenError::connect;
  cause_ = dialled.error().message();
  co_return false;
}

net::Task<bool> Upstream::secure() {
  tls::HandshakeFailure failure;
  const base::TimePoint deadline = services_.clock.now() + limits_.tls_handshake;
  auto secured = co_await tls::connect_tls(std::move(dialled_), services_.upstream_tls,
                                           target_.host, deadline, failure);
  if (secured) {
    stream_ = std::move(*secured);
    co_return true;
  }
  const bool unverified = failure.kind == tls::HandshakeFailure::Kind::unverified;
  error_ = unverified ? OpenError::unverified : OpenError::tls;
  cause_ = failure.text.empty() ? secured.error().message() : failure.text;
  co_return false;
}

}  // namespace sallyport::relay
