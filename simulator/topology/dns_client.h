// How the harness's own client turns a name into addresses: as a program in that host would, the
// host's hosts file first, then the servers of its resolv.conf. On the world's loop.
#pragma once

#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"

namespace sallyport::net {
class Deadlines;
}

namespace sallyport::sim::topology {

class Hosts;

struct Lookup {
  std::vector<net::IpAddress> addresses;  // A, then AAAA; empty: not resolved
  // What the name server said (`NOERROR`, `NXDOMAIN`, `SERVFAIL` ...): the A query's where both
  // failed. Empty when nobody was asked or nobody answered.
  std::string rcode;
  bool from_hosts_file = false;
  bool expired = false;  // the deadline came first
};

// A literal is its own answer. `resolver: none`: nobody is asked. A query is sent again after a
// second; a truncated answer is asked for over TCP.
[[nodiscard]] net::Task<Lookup> lookup(const Hosts& hosts, net::Executor executor,
                                       net::Deadlines& deadlines, std::string host,
                                       std::string name, base::TimePoint deadline);

}  // namespace sallyport::sim::topology
