#include "simulator/topology/hop.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/linux/namespaces.h"
#include "reference/net/dialer.h"
#include "reference/net/listener.h"
#include "simulator/topology/hop_connection.h"
#include "simulator/topology/hop_redirect.h"

namespace sallyport::sim::topology {
namespace {

// For a listener that doesn't answer: what waits for it has given up by then.
constexpr std::chrono::minutes kDialBound{2};

}  // namespace

// One fault's hop. Its coroutines hold it.
class Hops::Hop : public std::enable_shared_from_this<Hop> {
 public:
  Hop(net::Executor executor, net::Deadlines& deadlines, HopFault fault, OnHit on_hit)
      : executor_(executor), deadlines_(deadlines), fault_(fault), on_hit_(std::move(on_hit)) {}

  [[nodiscard]] base::Result<void> begin(std::uint32_t nth);
  void lift();
  void stop();
  [[nodiscard]] bool lifted() const { return lifted_; }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  using Self = std::shared_ptr<Hop>;
  static net::Task<void> serve(Self self, net::TcpListener* listener);
  static net::Task<void> lead_on(Self self, std::unique_ptr<net::TcpStream> client);
  [[nodiscard]] base::Result<std::uint16_t> listen(const net::IpAddress& at);
  void add(std::unique_ptr<net::TcpStream> client, std::unique_ptr<net::TcpStream> listener,
           const net::Endpoint& peer);
  void spawn(net::Task<void> root) {
    net::asio::co_spawn(executor_, std::move(root), net::asio::detached);
  }

  net::Executor executor_;
  net::Deadlines& deadlines_;
  HopFault fault_;
  OnHit on_hit_;
  std::unique_ptr<HopRedirect> redirect_;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  std::map<std::uint64_t, std::shared_ptr<HopConnection>> connections_;
  std::uint64_t next_ = 1;
  bool lifted_ = false;
  bool stopped_ = false;
};

base::Result<std::uint16_t> Hops::Hop::listen(const net::IpAddress& at) {
  const auto inside = linux::NetNamespaceGuard::enter(fault_.net_namespace);
  if (!inside) return inside.error();
  const net::Endpoint any_port{at, 0};
  auto socket = net::TcpListener::bind(any_port);
  if (!socket) return socket.error();
  listeners_.push_back(
      std::make_unique<net::TcpListener>(executor_, deadlines_, std::move(*socket)));
  return listeners_.back()->local_endpoint().port;
}

base::Result<void> Hops::Hop::begin(std::uint32_t nth) {
  HopPlace place;
  place.listener = fault_.listener;
  place.nth = nth;
  const net::IpAddress& address = fault_.listener.address;
  const bool every = address.is_unspecified();
  if (address.is_v4() || every) {
    const auto port = listen(every ? net::IpAddress() : address);
    if (!port) return port.error();
    place.ports.v4 = *port;
  }
  if (!address.is_v4()) {
    const auto port = listen(address);
    if (!port) return port.error();
    place.ports.v6 = *port;
  }
  auto redirect = HopRedirect::install(fault_.net_namespace, place);
  if (!redirect) return redirect.error();
  redirect_ = std::move(*redirect);
  for (const auto& listener : listeners_) spawn(serve(shared_from_this(), listener.get()));
  return {};
}

void Hops::Hop::lift() {
  if (std::exchange(lifted_, true)) return;
  if (redirect_) redirect_->lift();
  on_hit_ = nullptr;
  fault_.impairment = {};
  for (const auto& [number, connection] : connections_) connection->lift();
}

void Hops::Hop::stop() {
  lift();
  stopped_ = true;
  for (const auto& listener : listeners_) listener->close();
  const auto all = std::exchange(connections_, {});
  for (const auto& [number, connection] : all) connection->abort();
}

net::Task<void> Hops::Hop::serve(Self self, net::TcpListener* listener) {
  while (!self->stopped_) {
    auto accepted = co_await listener->accept();
    if (!accepted || self->stopped_) co_return;
    self->spawn(lead_on(self, std::move(*accepted)));
  }
}

net::Task<void> Hops::Hop::lead_on(Self self, std::unique_ptr<net::TcpStream> client) {
  const auto local = client->local();
  const auto peer = client->peer();
  if (!local || !peer) co_return;
  std::uint16_t port = 0;
  auto socket = self->redirect_->socket_as(local->address, *peer, port);
  if (!socket) {
    client->abort();
    co_return;
  }
  const net::Endpoint to{local->address, self->fault_.listener.port};
  const base::TimePoint bound = self->deadlines_.now() + kDialBound;
  auto connected =
      co_await net::connect_fd(self->executor_, self->deadlines_, std::move(*socket), to, bound);
  self->redirect_->forget(local->address, port);
  if (!connected || self->stopped_) {
    // As near to a refusal as one can come who has accepted.
    client->abort();
    co_return;
  }
  self->add(std::move(client), std::move(*connected), *peer);
}

void Hops::Hop::add(std::unique_ptr<net::TcpStream> client,
                    std::unique_ptr<net::TcpStream> listener, const net::Endpoint& peer) {
  const std::uint64_t number = next_++;
  const std::weak_ptr<Hop> hop = weak_from_this();
  auto on_hit = [hop, peer] {
    const Self self = hop.lock();
    if (self && self->on_hit_) self->on_hit_({peer, self->deadlines_.now()});
  };
  auto on_over = [hop, number] {
    if (const Self self = hop.lock()) self->connections_.erase(number);
  };
  HopConnection::Ends ends{std::move(client), std::move(listener)};
  auto made = std::make_shared<HopConnection>(deadlines_, std::move(ends), fault_.impairment,
                                              std::move(on_hit), std::move(on_over));
  connections_[number] = made;
  made->start();
}

Hops::Hops(net::Executor executor, net::Deadlines& deadlines)
    : executor_(executor), deadlines_(deadlines) {}

Hops::~Hops() { stop(); }

base::Result<void> Hops::begin(const std::string& name, const HopFault& fault, OnHit on_hit) {
  CHECK(!hops_.contains(name));
  auto hop = std::make_shared<Hop>(executor_, deadlines_, fault, std::move(on_hit));
  if (auto begun = hop->begin(++begun_); !begun) {
    hop->stop();
    return begun.error();
  }
  hops_.emplace(name, std::move(hop));
  return {};
}

bool Hops::active(const std::string& name) const {
  const auto found = hops_.find(name);
  return found != hops_.end() && !found->second->lifted();
}

bool Hops::lift(const std::string& name) {
  if (!active(name)) return false;
  hops_.at(name)->lift();
  return true;
}

void Hops::lift_all() {
  for (const auto& [name, hop] : hops_) hop->lift();
}

std::size_t Hops::connections() const {
  std::size_t all = 0;
  for (const auto& [name, hop] : hops_) all += hop->connections();
  return all;
}

void Hops::stop() {
  for (const auto& [name, hop] : hops_) hop->stop();
}

}  // namespace sallyport::sim::topology
