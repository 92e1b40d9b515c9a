// The hosts of a world: network namespaces, links and addresses, the bridges between them, and the
// three files in which programs look names up. Built once by pid 1 of the world, before
// protect_proc(); owns the namespaces by descriptor. Sockets made here stay in their host for good.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/linux/namespaces.h"
#include "reference/net/address.h"
#include "simulator/topology/spec.h"
#include "simulator/world/process.h"

namespace sallyport::sim::topology {

inline constexpr std::string_view kBox = "box";

class Hosts {
 public:
  // `box` is the caller's own network namespace, whether it is in `specs` or not; the others are
  // made, parents before what is inside them whatever their order. N of 10.200.N.0/24 (and, where
  // both ends have IPv6 enabled, fd00:200:N::/64) counts inner hosts in the order of `specs`; one
  // that shares another's namespace has that one's links. Each network is a bridge in a namespace
  // of its own. Files are written to FOLDER/HOST/{resolv.conf,hosts,nsswitch.conf}. `about` names
  // the host or network on failure.
  [[nodiscard]] static base::Result<Hosts> build(const std::vector<HostSpec>& specs,
                                                 const std::vector<NetworkSpec>& networks,
                                                 const std::string& folder, std::string& about);
  [[nodiscard]] static base::Result<Hosts> build(const std::vector<HostSpec>& specs,
                                                 const std::string& folder, std::string& about);

  // Of a host that the subject makes: joins the network namespace of `process`, and learns the
  // addresses that it and the box have by now. Once (errors: already_there, not_the_subjects, and
  // those of namespaces, as when there is no such process). Its links, addresses and settings
  // are the subject's; who shares its namespace stands with it.
  [[nodiscard]] base::Result<void> adopt(std::string_view host, pid_t process);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool has(std::string_view host) const;
  // False for a host that the subject makes and that wasn't adopted yet: socket(), listen_tcp() and
  // bind_udp() then answer host_not_there, and what is asked to enter fd() or view() is refused by
  // the kernel (EINVAL), for the descriptor is no namespace.
  [[nodiscard]] bool stands(std::string_view host) const;
  // The host whose namespace it is: another one's for who shares it, else its own name.
  [[nodiscard]] const std::string& owner(std::string_view host) const;
  // CHECKs that the host exists, as all below.
  [[nodiscard]] const HostSpec& spec(std::string_view host) const;
  // Not a namespace unless the host stands.
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
  // Never who shares a namespace: its owner.
  [[nodiscard]] std::string host_of(const net::IpAddress& address, std::string_view asking) const;

  // Of all hosts, links' and networks' broadcasts included; without those that every host has by
  // nature.
  [[nodiscard]] std::vector<net::IpAddress> addresses() const;
  // Of one host and who shares its namespace; without broadcasts and those that every host has.
  [[nodiscard]] std::vector<net::IpAddress> addresses(std::string_view host) const;

  // Of an inner host: its own veth address (10.200.N.2), its parent's (10.200.N.1: where a
  // supervisor that serves it listens). Nothing for hosts that stand alone.
  [[nodiscard]] std::optional<net::IpAddress> inner_address(std::string_view host) const;
  [[nodiscard]] std::optional<net::IpAddress> parent_address(std::string_view host) const;

 private:
  friend class HostBuilder;
  struct Host {
    HostSpec spec;
    base::UniqueFd ns;  // of one that doesn't stand: no namespace
    std::string owner;  // itself, or the one whose namespace it shares
    bool stands = false;
    int number = -1;  // N of an inner host
    std::string folder;
  };
  [[nodiscard]] const Host& get(std::string_view name) const;
  // Entered; host_not_there when it doesn't stand.
  [[nodiscard]] base::Result<linux::NetNamespaceGuard> enter(std::string_view host) const;
  // What `host` has by now counts as its own.
  [[nodiscard]] base::Result<void> learn_addresses(const std::string& host);

  std::map<std::string, Host, std::less<>> hosts_;
  std::map<net::IpAddress, std::string> owners_;
  std::vector<net::IpAddress> broadcasts_;
  std::vector<base::UniqueFd> networks_;  // the bridges' namespaces
};

// The local address of a bound socket.
[[nodiscard]] std::optional<net::Endpoint> bound_endpoint(int socket);

}  // namespace sallyport::sim::topology
