// What a scenario says about hosts, networks and names, as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/net/address.h"

namespace sallyport::sim::topology {

// `ipv6` of a host. `blackholed`: addresses and routes are there, and what is sent vanishes.
enum class Ipv6 { disabled, enabled, blackholed };

// One entry of `routes`: where packets for a prefix go.
struct RouteSpec {
  enum class Kind { via, blackhole, unreachable, prohibit };
  net::Cidr to;
  Kind kind = Kind::via;
  net::IpAddress via;  // of Kind::via
};

struct HostSpec {
  std::string name;
  std::string inside;  // an inner namespace of that host; empty: stands alone
  std::string shares;  // another name for that host's namespace; empty: its own
  // The subject makes the namespace itself; the harness joins it by the process that it reports.
  bool made_by_subject = false;
  std::vector<net::Cidr> prefixes;                        // networks of `addresses`
  std::vector<std::pair<net::IpAddress, int>> addresses;  // address and prefix length
  bool loopback_up = true;
  Ipv6 ipv6 = Ipv6::disabled;
  bool forward = false;           // routes between its links; else such packets vanish
  std::vector<RouteSpec> routes;  // besides those that its links bring
  std::uint32_t mtu = 0;          // of its inner link, octets; 0: the kernel's
  // `world`: 127.0.0.53 of this host; empty: an empty resolv.conf; else the address to put there.
  std::string resolver = "world";
  std::map<std::string, net::IpAddress> hosts_file;
  base::Mark mark;
};

// The answers of the world's name server to one name.
struct DnsAnswer {
  enum class Kind { addresses, nxdomain, servfail, silent, sequence, wrong_id, truncated };
  Kind kind = Kind::addresses;
  std::vector<net::IpAddress> addresses;
  std::vector<DnsAnswer> sequence;  // the n-th query of a type gets the n-th, then the last again
};

// A bridge with its members.
struct NetworkSpec {
  std::string name;
  net::Cidr subnet;
  std::map<std::string, net::IpAddress> members;  // by host
  std::uint32_t mtu = 0;                          // octets; 0: the kernel's
  base::Mark mark;
};

// A rule of a host's packet filter. It doesn't touch the host's traffic with itself. The first that
// matches decides, in the order of their names as written.
struct FirewallRule {
  enum class Verdict { accept, drop, reject, reset, prohibit };
  enum class Direction { input, output, forward };
  // A network, or every address of a host; neither: any.
  struct Peer {
    std::optional<net::Cidr> network;
    std::string host;
  };
  std::string name;
  std::string host;
  Verdict verdict = Verdict::accept;
  Direction direction = Direction::input;
  Peer from, to;
  std::uint16_t port = 0;  // the destination's, TCP and UDP; 0: any, of every protocol
  base::Mark mark;
};

using Zone = std::map<std::string, DnsAnswer>;  // lower-case names without a last dot

}  // namespace sallyport::sim::topology
