// How the packet filter of a host leads what connects to a listener to a hop, and what the hop
// dials to the listener under the peer's own address and port: a table of libnftables' with address
// translation. Blocking but short. Internal to this module.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

struct nft_ctx;

namespace sallyport::sim::topology {

// Where a hop stands, by family; port 0 where it doesn't.
struct HopPorts {
  std::uint16_t v4 = 0;
  std::uint16_t v6 = 0;
};

// The nth hop of the world, from 1.
struct HopPlace {
  net::Endpoint listener;
  HopPorts ports;
  std::uint32_t nth = 1;
};

// What its table is made of, in libnftables' language. Pure.
[[nodiscard]] std::string hop_table_name(const HopPlace& place);
[[nodiscard]] std::string hop_table(const HopPlace& place);
// Of what the hop sends to the listener. It is led to later hops, but not to this or earlier ones.
[[nodiscard]] std::uint32_t hop_mark(std::uint32_t nth);

class HopRedirect {
 public:
  // In force, as read back, when it returns. Errors: install_rules or list_rules with the errno,
  // EPROTO when what is there isn't what was asked for; operations of namespaces.
  [[nodiscard]] static base::Result<std::unique_ptr<HopRedirect>> install(int net_namespace,
                                                                          const HopPlace& place);
  ~HopRedirect();  // lift()
  HopRedirect(const HopRedirect&) = delete;
  HopRedirect& operator=(const HopRedirect&) = delete;

  // A socket of that host that is bound to `local` (a port of the kernel's choice), and whose
  // connection to the listener will look as if it came from `peer`, once; until forget().
  [[nodiscard]] base::Result<base::UniqueFd> socket_as(const net::IpAddress& local,
                                                       const net::Endpoint& peer,
                                                       std::uint16_t& port);
  // When that socket has connected, or never will: who is connected stays so.
  void forget(const net::IpAddress& local, std::uint16_t port);
  // New connections aren't led here any more. The translation of those that are open stays, and
  // with it the table.
  void lift();

 private:
  struct Said {
    int error = 0;  // errno; 0 for well
    std::string output;
  };
  HopRedirect(base::UniqueFd ns, nft_ctx* context, HopPlace place);
  [[nodiscard]] Said tell(const std::string& commands);

  base::UniqueFd namespace_;
  nft_ctx* context_;
  HopPlace place_;
  bool in_force_ = false;
};

}  // namespace sallyport::sim::topology
