// For tests: a box with a listener that is scripted, an agent inside of it, and hops between. Every
// conversation is told as a text: what each end read, in order, and how it ended.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "reference/net/dialer.h"
#include "reference/net/io.h"
#include "reference/net/listener.h"
#include "reference/net/testing/run.h"
#include "simulator/topology/hop.h"
#include "simulator/topology/hosts.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology::testing {

inline constexpr std::uint16_t kHopTestPort = 9000;
// Far beyond what anything here takes; what runs into it shows as `expired`.
inline constexpr std::chrono::seconds kTalkBound{20};

struct HopWorld {
  explicit HopWorld(const Hosts& all) : hosts(all) {}

  const Hosts& hosts;
  net::testing::TestLoop loop;
  std::unique_ptr<net::TcpListener> v4, v6;
  Hops hops{loop.executor(), loop.deadlines};
  std::string hits;
  std::unique_ptr<net::TcpStream> client, server;  // of the last connect()

  [[nodiscard]] std::string begin(const std::string& name, const Impairment& impairment,
                                  const char* listener = "0.0.0.0:9000") {
    HopFault fault;
    fault.net_namespace = hosts.fd(kBox);
    fault.listener = *net::Endpoint::parse(listener);
    fault.impairment = impairment;
    const auto begun = hops.begin(name, fault, [this, name](const HopHit& hit) {
      hits += name + "@" + hit.peer.address.to_string() + " ";
    });
    return begun ? std::string() : name + ": " + begun.error().message() + " ";
  }

  // A client in `from` at `to`, and its other end: `client` and `server`. What went wrong, or
  // nothing.
  [[nodiscard]] std::string connect(const std::string& from, const char* to) {
    return loop.run(connect_to(*this, from, *net::Endpoint::parse(to)));
  }
  static net::Task<std::string> connect_to(HopWorld& world, std::string from, net::Endpoint to) {
    const bool six = !to.address.is_v4();
    auto socket = world.hosts.socket(from, six ? AF_INET6 : AF_INET, SOCK_STREAM);
    if (!socket) co_return socket.error().message();
    const base::TimePoint bound = world.loop.clock.now() + kTalkBound;
    auto connected = co_await net::connect_fd(world.loop.executor(), world.loop.deadlines,
                                              std::move(*socket), to, bound);
    if (!connected) co_return connected.error().message();
    world.client = std::move(*connected);
    auto accepted = co_await (six ? world.v6 : world.v4)->accept();
    if (!accepted) co_return accepted.error().message();
    world.server = std::move(*accepted);
    world.client->set_deadline(bound);
    world.server->set_deadline(bound);
    co_return std::string();
  }

  // A connection that nobody may accept.
  static net::Task<std::string> dial(HopWorld& world, std::string from, const char* to) {
    auto socket = world.hosts.socket(from, AF_INET, SOCK_STREAM);
    if (!socket) co_return socket.error().message();
    const base::TimePoint bound = world.loop.clock.now() + kTalkBound;
    const net::Endpoint at = *net::Endpoint::parse(to);
    auto connected = co_await net::connect_fd(world.loop.executor(), world.loop.deadlines,
                                              std::move(*socket), at, bound);
    if (!connected) co_return connected.error().message();
    world.client = std::move(*connected);
    world.client->set_deadline(bound);
    co_return std::string();
  }
  static net::Task<void> write_on(net::TcpStream& stream, std::size_t octets) {
    const std::string much(octets, 'x');
    (void)co_await net::write_all(stream, much);
  }
  // The stream's peer takes what comes until it is gone.
  static net::Task<std::string> write_until_broken(net::TcpStream& stream) {
    const std::string piece(16384, 'x');
    for (;;) {
      const auto written = co_await net::write_all(stream, piece);
      if (!written) co_return written.error() == boost::system::errc::timed_out ? "late" : "broken";
    }
  }

  void write(net::TcpStream& stream, std::string_view text) {
    (void)loop.run(net::write_all(stream, text));
  }
  // `most` octets, or to the end: `abc|FIN`, `|ECONNRESET`, `|expired`.
  [[nodiscard]] std::string read(net::TcpStream& stream, std::size_t most = SIZE_MAX) {
    return loop.run(read_all(stream, most));
  }
  [[nodiscard]] std::string read_within(net::TcpStream& stream, int ms) {
    stream.set_deadline(loop.in(ms));
    std::string seen = read(stream);
    stream.set_deadline(loop.clock.now() + kTalkBound);
    return seen;
  }
  static net::Task<std::string> read_all(net::TcpStream& stream, std::size_t most) {
    std::string seen;
    std::string buffer(16384, '\0');
    while (seen.size() < most) {
      const std::size_t room = std::min(most - seen.size(), buffer.size());
      const auto into = std::as_writable_bytes(std::span(buffer).first(room));
      const auto size = co_await net::read_some(stream, into);
      if (!size) {
        const bool late = size.error() == boost::system::errc::timed_out;
        co_return seen +
            (late ? "|expired" : "|" + std::string(strerrorname_np(size.error().value())));
      }
      if (*size == 0) co_return seen + "|FIN";
      seen.append(buffer, 0, *size);
    }
    co_return seen;
  }
};

inline std::string in_hop_world(const std::function<std::string(HopWorld&)>& observe) {
  const world::testing::TemporaryFolder folder;
  return world::testing::in_world(world::testing::plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    HostSpec box;
    box.name = "box";
    box.ipv6 = Ipv6::enabled;
    box.addresses = {{*net::IpAddress::parse("20.0.0.1"), 32},
                     {*net::IpAddress::parse("fd00::1"), 128}};
    HostSpec agent;
    agent.name = "agent";
    agent.inside = "box";
    auto hosts = Hosts::build({box, agent}, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    HopWorld made(*hosts);
    const net::Endpoint at4{net::IpAddress(), kHopTestPort};
    const net::Endpoint at6{*net::IpAddress::parse("::"), kHopTestPort};
    auto four = hosts->listen_tcp(kBox, at4);
    auto six = hosts->listen_tcp(kBox, at6);
    if (!four || !six) return std::string("can't listen");
    made.v4 = std::make_unique<net::TcpListener>(made.loop.executor(), made.loop.deadlines,
                                                 std::move(*four));
    made.v6 = std::make_unique<net::TcpListener>(made.loop.executor(), made.loop.deadlines,
                                                 std::move(*six));
    std::string seen = observe(made);
    made.hops.stop();
    made.client.reset();
    made.server.reset();
    made.loop.poll();
    return seen;
  });
}

}  // namespace sallyport::sim::topology::testing
