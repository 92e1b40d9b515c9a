// Links, addresses and routes of one network namespace, over one rtnetlink socket that was opened
// inside it (so it keeps working from anywhere). Blocking, for set-up only. Never deletes a link:
// that waits 36 ms for the kernel, dropping the namespace waits for nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"
#include "reference/net/address.h"

namespace sallyport::linux {

// Where packets for a network go.
struct Route {
  enum class Kind {
    via,          // a gateway
    link,         // out there, whoever may be behind
    blackhole,    // nowhere, and nobody is told (EINVAL for who sends from here)
    unreachable,  // EHOSTUNREACH
    prohibit,     // EACCES
    ignore,       // as if there were no other route: ENETUNREACH
  };
  net::Cidr to;
  Kind kind = Kind::via;
  net::IpAddress via{};
  std::string link{};
};

class Links {
 public:
  // -1: the caller's own namespace.
  [[nodiscard]] static base::Result<Links> open(int net_namespace = -1);

  // `lo` included.
  [[nodiscard]] base::Result<void> set_up(std::string_view link, bool up);

  // A pair with one queue at each end, in one message: `link` here and up, `peer` in the other
  // namespace and still down. `mtu` of both, octets; 0: the kernel's.
  [[nodiscard]] base::Result<void> add_veth(std::string_view link, std::string_view peer,
                                            int peer_namespace, std::uint32_t mtu = 0);

  // Up, and without any spanning tree: a port forwards from its first packet on, if it was
  // operational when it joined.
  [[nodiscard]] base::Result<void> add_bridge(std::string_view link, std::uint32_t mtu = 0);
  [[nodiscard]] base::Result<void> join_bridge(std::string_view link, std::string_view bridge);

  // Packets leave through it whether or not anybody answers for their destination.
  [[nodiscard]] base::Result<void> stop_asking_neighbours(std::string_view link);

  // Until packets can leave through a link whose other end came up just now: before, they vanish,
  // and a lost SYN costs a second. ETIMEDOUT after `bound`, which a loaded machine never needs.
  [[nodiscard]] base::Result<void> await_operational(
      std::string_view link, base::Duration bound = std::chrono::seconds(5));

  // `network_route`: whether the prefix becomes reachable through the link; without, only the
  // address itself is there.
  [[nodiscard]] base::Result<void> add_address(std::string_view link, const net::IpAddress& address,
                                               int prefix, bool network_route = true);

  // Until packets to an address of ours are taken: the kernel puts one of IPv6 in force from a
  // worker of its own. ETIMEDOUT after `bound`.
  [[nodiscard]] base::Result<void> await_address(const net::IpAddress& address,
                                                 base::Duration bound = std::chrono::seconds(5));

  // Of all links here.
  [[nodiscard]] base::Result<std::vector<net::IpAddress>> addresses();

  // Takes the place of one to the same network.
  [[nodiscard]] base::Result<void> set_route(const Route& route);

  [[nodiscard]] base::Result<void> add_default_route(const net::IpAddress& gateway);

  // Destinations that count as unreachable here whatever the default route says (ENETUNREACH).
  [[nodiscard]] base::Result<void> add_throw_route(const net::Cidr& network);

  [[nodiscard]] base::Result<int> index(std::string_view link);

 private:
  // Until `look` has set what it is given, which is asked again at every change.
  using Look = std::function<base::Result<void>(bool&)>;
  [[nodiscard]] base::Result<void> await(base::Duration bound, Operation what, const Look& look);
  Links(base::UniqueFd socket, base::UniqueFd changes)
      : socket_(std::move(socket)), changes_(std::move(changes)) {}
  base::UniqueFd socket_;
  base::UniqueFd changes_;  // hears of every change of a link or of IPv6's routes here
  std::uint32_t sequence_ = 0;
};

}  // namespace sallyport::linux
