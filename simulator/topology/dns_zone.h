// What the name server says to a question: its zone, where its sequences stand, and the faults that
// overrule it. Pure. Internal to this module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simulator/topology/dns_codec.h"
#include "simulator/topology/name_server.h"
#include "simulator/topology/spec.h"

namespace sallyport::sim::topology {

// An answer, before it is written.
struct DnsSaid {
  dns::Rcode rcode = dns::Rcode::nxdomain;
  std::vector<net::IpAddress> addresses;  // of the type that was asked for
  bool silent = false;
  bool wrong_id = false;
  bool truncated = false;
};

class DnsZone {
 public:
  explicit DnsZone(Zone zone) : zone_(std::move(zone)) {}

  void change(const Zone& merged, const std::vector<std::string>& removed);

  // Counts the query for the sequences that it went through.
  [[nodiscard]] DnsSaid ask(const std::string& name, std::uint16_t type, bool over_tcp);
  // As ask(), under a fault, which is asked for first: what the zone isn't asked for doesn't count.
  [[nodiscard]] DnsSaid ask_under(DnsFault::Kind fault, const std::string& name, std::uint16_t type,
                                  bool over_tcp);

 private:
  // The element of `answer`, or of a sequence within it, whose turn it is; null for an empty one.
  [[nodiscard]] const DnsAnswer* turn(const DnsAnswer& answer, std::uint16_t type,
                                      const std::string& place);

  Zone zone_;
  // Queries of a type so far, by the place of a sequence: its name, and where it is in others.
  std::map<std::pair<std::string, std::uint16_t>, std::size_t> asked_;
};

}  // namespace sallyport::sim::topology
