#include "simulator/topology/escape_guard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <utility>

#include "reference/base/check.h"
#include "reference/linux/destination_watch.h"

namespace sallyport::sim::topology {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

}  // namespace

// One host. Its coroutine holds it until close().
class EscapeGuard::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(net::Executor executor, std::string host, linux::DestinationWatch packets,
        const OnEscape& on_escape)
      : host_(std::move(host)),
        packets_(std::move(packets)),
        log_(executor, packets_.log_fd()),
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
  OnEscape on_escape_;
  bool open_ = true;
};

EscapeGuard::EscapeGuard(net::Executor executor, OnEscape on_escape)
    : executor_(executor), on_escape_(std::move(on_escape)) {
  CHECK(on_escape_);
}

EscapeGuard::~EscapeGuard() { close(); }

base::Result<void> EscapeGuard::install(const Hosts& hosts, std::string& about) {
  CHECK(watches_.empty());
  std::vector<net::Cidr> known;
  for (const net::IpAddress& address : hosts.addresses())
    known.emplace_back(address, address.is_v4() ? 32 : 128);
  for (const std::string& host : hosts.names()) {
    auto packets = linux::DestinationWatch::install(hosts.fd(host), known);
    if (!packets) {
      about = host;
      close();
      return packets.error();
    }
    watches_.push_back(std::make_shared<Watch>(executor_, host, std::move(*packets), on_escape_));
  }
  for (const auto& watch : watches_) watch->begin(executor_);
  return {};
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
