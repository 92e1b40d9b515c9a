// Links, addresses and routes of one network namespace, over one rtnetlink socket that was opened
// inside it (so it keeps working from anywhere). Blocking, for set-up only. Never deletes a link:
// that waits 36 ms for the kernel, dropping the namespace waits for nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

namespace sallyport::linux {

class Links {
 public:
  // -1: the caller's own namespace.
  [[nodiscard]] static base::Result<Links> open(int net_namespace = -1);

  // `lo` included.
  [[nodiscard]] base::Result<void> set_up(std::string_view link, bool up);

  // A pair with one queue at each end, in one message: `link` here and up, `peer` in the other
  // namespace and still down.
  [[nodiscard]] base::Result<void> add_veth(std::string_view link, std::string_view peer,
                                            int peer_namespace);

  // Until packets can leave through a link whose other end came up just now: before, they vanish,
  // and a lost SYN costs a second. ETIMEDOUT after `bound`, which a loaded machine never needs.
  [[nodiscard]] base::Result<void> await_operational(
      std::string_view link, base::Duration bound = std::chrono::seconds(5));

  // `network_route`: whether the prefix becomes reachable through the link; without, only the
  // address itself is there.
  [[nodiscard]] base::Result<void> add_address(std::string_view link, const net::IpAddress& address,
                                               int prefix, bool network_route = true);

  [[nodiscard]] base::Result<void> add_default_route(const net::IpAddress& gateway);

  // Destinations that count as unreachable here whatever the default route says (ENETUNREACH).
  [[nodiscard]] base::Result<void> add_throw_route(const net::Cidr& network);

  [[nodiscard]] base::Result<int> index(std::string_view link);

 private:
  Links(base::UniqueFd socket, base::UniqueFd changes)
      : socket_(std::move(socket)), changes_(std::move(changes)) {}
  base::UniqueFd socket_;
  base::UniqueFd changes_;  // hears of every change of a link here
  std::uint32_t sequence_ = 0;
};

}  // namespace sallyport::linux
