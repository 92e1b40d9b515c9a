// What a scenario says about hosts, networks and names, as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/net/address.h"

namespace sallyport::sim::topology {

struct HostSpec {
  std::string name;
  std::string inside;               // an inner namespace of that host; empty: stands alone
  std::vector<net::Cidr> prefixes;  // networks of `addresses`
  std::vector<std::pair<net::IpAddress, int>> addresses;  // address and prefix length
  bool loopback_up = true;
  bool ipv6 = false;
  // `world`: 127.0.0.53 of this host; empty: an empty resolv.conf; else the address to put there.
  std::string resolver = "world";
  std::map<std::string, net::IpAddress> hosts_file;
  base::Mark mark;
};

// The answers of the world's name server to one name.
struct DnsAnswer {
  enum class Kind { addresses, nxdomain, servfail, silent, sequence };
  Kind kind = Kind::addresses;
  std::vector<net::IpAddress> addresses;
  std::vector<DnsAnswer> sequence;  // the n-th query of a type gets the n-th, then the last again
};

using Zone = std::map<std::string, DnsAnswer>;  // lower-case names without a last dot

}  // namespace sallyport::sim::topology
