#include "simulator/topology/escape_guard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "reference/base/check.h"
#include "reference/linux/destination_watch.h"

namespace sallyport::sim::topology {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

// Where a subject puts a host that it makes (NVIDIA/OpenShell, sandbox/linux/netns.rs).
net::Cidr subjects_network() { return *net::Cidr::parse("10.200.0.0/16"); }

}  // namespace

// What packets may go to besides what the packet filter was told at first.
struct EscapeGuard::Known {
  std::set<net::IpAddress> addresses;
  std::vector<net::Cidr> networks;
  bool subjects = false;  // a host isn't adopted yet

  [[nodiscard]] bool has(const net::IpAddress& address) const {
    const auto inside = [&address](const net::Cidr& one) { return one.contains(address); };
    return addresses.contains(address) || std::any_of(networks.begin(), networks.end(), inside) ||
           (subjects && subjects_network().contains(address));
  }
};

// One host. Its coroutine holds it until close().
class EscapeGuard::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(net::Executor executor, std::string host, linux::DestinationWatch packets,
        std::shared_ptr<const Known> known, const OnEscape& on_escape)
      : host_(std::move(host)),
        packets_(std::move(packets)),
        log_(executor, packets_.log_fd()),
        known_(std::move(known)),
        on_escape_(on_escape) {}
  ~Watch() { close(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void begin(net::Executor executor) {
    asio::co_spawn(executor, follow(shared_from_this()), asio::detached);
  }

  void tell() {
    while (open_) {
      const auto stray = packets_.next();
      if (!stray) return;
      if (known_->has(stray->destination)) continue;
      Escape escape;
      escape.host = host_;
      escape.protocol = linux::protocol_name(stray->protocol);
      escape.to = stray->destination;
      escape.port = stray->port;
      on_escape_(escape);
    }
  }

  void close() {
    if (std::exchange(open_, false)) log_.release();
  }

 private:
  static net::Task<void> follow(std::shared_ptr<Watch> self) {
    while (self->open_) {
      const auto [error] = co_await self->log_.async_wait(Descriptor::wait_read, net::kAwait);
      if (error) co_return;
      self->tell();
    }
  }

  const std::string host_;
  linux::DestinationWatch packets_;
  Descriptor log_;  // of packets_: released, never closed
  std::shared_ptr<const Known> known_;
  OnEscape on_escape_;
  bool open_ = true;
};

EscapeGuard::EscapeGuard(net::Executor executor, OnEscape on_escape)
    : executor_(executor), on_escape_(std::move(on_escape)), known_(std::make_shared<Known>()) {
  CHECK(on_escape_);
}

EscapeGuard::~EscapeGuard() { close(); }

base::Result<void> EscapeGuard::watch(const std::string& host) {
  std::vector<net::Cidr> known;
  for (const net::IpAddress& address : hosts_->addresses())
    known.emplace_back(address, address.is_v4() ? 32 : 128);
  auto packets = linux::DestinationWatch::install(hosts_->fd(host), known);
  if (!packets) return packets.error();
  watches_.push_back(
      std::make_shared<Watch>(executor_, host, std::move(*packets), known_, on_escape_));
  watches_.back()->begin(executor_);
  return {};
}

base::Result<void> EscapeGuard::install(const Hosts& hosts, const std::vector<FirewallRule>& rules,
                                        std::string& about) {
  CHECK(hosts_ == nullptr);
  hosts_ = &hosts;
  know(rules);
  for (const std::string& host : hosts.names()) {
    if (hosts.owner(host) != host) continue;
    if (!hosts.stands(host)) {
      known_->subjects = true;
      continue;
    }
    if (auto watched = watch(host); !watched) {
      about = host;
      close();
      return watched;
    }
  }
  return {};
}

base::Result<void> EscapeGuard::install(const Hosts& hosts, std::string& about) {
  return install(hosts, {}, about);
}

void EscapeGuard::know(const std::vector<FirewallRule>& rules) {
  for (const FirewallRule& rule : rules) {
    for (const auto& network : {rule.from.network, rule.to.network}) {
      if (network && network->prefix() > 0) known_->networks.push_back(*network);
    }
  }
}

base::Result<void> EscapeGuard::adopt(const std::string& host) {
  CHECK(hosts_ != nullptr);
  // What the other hosts' filters were told at first doesn't have its addresses.
  for (const net::IpAddress& address : hosts_->addresses()) known_->addresses.insert(address);
  const auto names = hosts_->names();
  known_->subjects = !std::all_of(names.begin(), names.end(),
                                  [this](const auto& name) { return hosts_->stands(name); });
  return watch(hosts_->owner(host));
}

void EscapeGuard::drain() {
  const auto all = watches_;
  for (const auto& watch : all) watch->tell();
}

void EscapeGuard::close() {
  for (const auto& watch : watches_) watch->close();
  watches_.clear();
}

}  // namespace sallyport::sim::topology
