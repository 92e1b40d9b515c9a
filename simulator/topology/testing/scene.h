// For tests: a world with hosts and networks, sockets in them, and names for how things end. Every
// wait is bounded.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "reference/net/socket_address.h"
#include "simulator/topology/hosts.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology::testing {

inline net::Endpoint at(const char* text) { return *net::Endpoint::parse(text); }
inline net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }
inline net::Cidr cidr(const char* text) { return *net::Cidr::parse(text); }

inline HostSpec a_host(std::string name, std::string inside = {}) {
  HostSpec spec;
  spec.name = std::move(name);
  spec.inside = std::move(inside);
  return spec;
}

inline NetworkSpec network(std::string name, const char* subnet,
                           std::map<std::string, net::IpAddress> members) {
  return {std::move(name), cidr(subnet), std::move(members), 0, {}};
}

// The error of building, with what it is about, when there is one.
inline std::string with_hosts(const std::vector<HostSpec>& specs,
                              const std::vector<NetworkSpec>& networks,
                              const std::function<std::string(Hosts&)>& observe) {
  const world::testing::TemporaryFolder folder;
  return world::testing::in_world(world::testing::plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    auto hosts = Hosts::build(specs, networks, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    return observe(*hosts);
  });
}

// In their order, with blanks between.
inline std::string words(std::initializer_list<std::string> all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() || one.empty() ? "" : " ") + one;
  return text;
}

struct Dialled {
  base::UniqueFd socket;
  std::string how;  // `connected`, an errno's name, or `silence`
};

// `meanwhile` is called once the SYN is out.
inline Dialled connect_from(const Hosts& hosts, std::string_view from, const net::Endpoint& to,
                            const std::function<void()>& meanwhile = nullptr) {
  auto socket = hosts.socket(from, to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM);
  if (!socket) return {{}, socket.error().message()};
  const auto address = net::to_socket_address(to);
  int error = ::connect(socket->get(), address.get(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    if (meanwhile) meanwhile();
    pollfd done{socket->get(), POLLOUT, 0};
    if (::poll(&done, 1, 300) != 1) return {std::move(*socket), "silence"};
    socklen_t size = sizeof error;
    ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  return {std::move(*socket), error == 0 ? "connected" : strerrorname_np(error)};
}

inline std::string dial(const Hosts& hosts, std::string_view from, const net::Endpoint& to) {
  return connect_from(hosts, from, to).how;
}
inline std::string dial(const Hosts& hosts, std::string_view from, const char* to) {
  return dial(hosts, from, at(to));
}

// What a connected socket has to read: the octets, `end`, `silence`, or an errno's name.
inline std::string receive(int socket) {
  pollfd ready{socket, POLLIN, 0};
  if (::poll(&ready, 1, 300) != 1) return "silence";
  char buffer[256];
  const ssize_t size = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0) return strerrorname_np(errno);
  return size == 0 ? "end" : std::string(buffer, static_cast<std::size_t>(size));
}

// Sends one datagram of `octets` from a host, and tells what comes of it: how sending failed, the
// error that came back, or `sent`.
inline std::string send_datagram(const Hosts& hosts, std::string_view from, const char* to,
                                 std::size_t octets = 4) {
  const net::Endpoint there = at(to);
  auto socket = hosts.socket(from, there.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
  if (!socket) return socket.error().message();
  const auto address = net::to_socket_address(there);
  if (::connect(socket->get(), address.get(), address.length) != 0) return strerrorname_np(errno);
  const std::string text(octets, 'x');
  if (::send(socket->get(), text.data(), text.size(), 0) < 0) return strerrorname_np(errno);
  pollfd back{socket->get(), POLLIN, 0};
  if (::poll(&back, 1, 50) != 1) return "sent";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "answered" : strerrorname_np(error);
}

}  // namespace sallyport::sim::topology::testing
