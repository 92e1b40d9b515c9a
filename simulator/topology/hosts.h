// The hosts of a world: network namespaces, links and addresses, and the three files in which
// programs look names up. Built once by pid 1 of the world, before protect_proc(); owns the
// namespaces by descriptor. Sockets made here stay in their host for good.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "simulator/topology/spec.h"
#include "simulator/world/process.h"

namespace sallyport::sim::topology {

inline constexpr std::string_view kBox = "box";

class Hosts {
 public:
  // `box` is the caller's own network namespace, whether it is in `specs` or not; the others are
  // made, parents before what is inside them whatever their order. N of 10.200.N.0/24 counts inner
  // hosts in the order of `specs`. Files are written to FOLDER/HOST/{resolv.conf,hosts,
  // nsswitch.conf}. `about` names the host on failure.
  [[nodiscard]] static base::Result<Hosts> build(const std::vector<HostSpec>& specs,
                                                 const std::string& folder, std::string& about);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool has(std::string_view host) const;
  // CHECKs that the host exists, as all below.
  [[nodiscard]] const HostSpec& spec(std::string_view host) const;
  [[nodiscard]] int fd(std::string_view host) const;
  [[nodiscard]] world::HostView view(std::string_view host) const;

  // Non-blocking, close-on-exec.
  [[nodiscard]] base::Result<base::UniqueFd> socket(std::string_view host, int family,
                                                    int type) const;
  // Bound and listening (SO_REUSEADDR); port 0 picks a free one.
  [[nodiscard]] base::Result<base::UniqueFd> listen_tcp(std::string_view host,
                                                        const net::Endpoint& at,
                                                        int backlog = 511) const;
  [[nodiscard]] base::Result<base::UniqueFd> bind_udp(std::string_view host,
                                                      const net::Endpoint& at) const;

  // Who has `address`, as seen by `asking` (loopback and 0.0.0.0 are its own); empty when nobody.
  [[nodiscard]] std::string host_of(const net::IpAddress& address, std::string_view asking) const;

  // Of all hosts, inner links' broadcasts included; without those that every host has by nature.
  [[nodiscard]] std::vector<net::IpAddress> addresses() const;

  // Of an inner host: its own veth address (10.200.N.2), its parent's (10.200.N.1: where a
  // supervisor that serves it listens). Nothing for hosts that stand alone.
  [[nodiscard]] std::optional<net::IpAddress> inner_address(std::string_view host) const;
  [[nodiscard]] std::optional<net::IpAddress> parent_address(std::string_view host) const;

 private:
  struct Host {
    HostSpec spec;
    base::UniqueFd ns;
    int number = -1;  // N of an inner host
    std::string folder;
  };
  [[nodiscard]] const Host& get(std::string_view name) const;
  [[nodiscard]] static base::Result<void> build_one(std::map<std::string, Host, std::less<>>& hosts,
                                                    Host& host);

  std::map<std::string, Host, std::less<>> hosts_;
  std::map<net::IpAddress, std::string> owners_;
};

// The local address of a bound socket.
[[nodiscard]] std::optional<net::Endpoint> bound_endpoint(int socket);

}  // namespace sallyport::sim::topology
