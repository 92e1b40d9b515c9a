// The tables of hosts, networks, names and packet filters.
#include <array>

#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 2> kBy{"harness", "supervisor"};
constexpr std::array<std::string_view, 2> kUpDown{"up", "down"};
constexpr std::array<std::string_view, 3> kIpv6{"disabled", "enabled", "blackholed"};
constexpr std::array<std::string_view, 2> kResolvers{"world", "none"};
constexpr std::array<std::string_view, 3> kNowhere{"blackhole", "unreachable", "prohibit"};
constexpr std::array<std::string_view, 5> kVerdicts{"accept", "drop", "reject", "reset",
                                                    "prohibit"};
constexpr std::array<std::string_view, 3> kDirections{"input", "output", "forward"};
constexpr std::array<std::string_view, 5> kAnswers{"nxdomain", "servfail", "silent", "wrong_id",
                                                   "truncated"};
constexpr std::string_view kMtuMeaning = "The largest packet of its link, in octets";

Shape peer() { return either({cidr(), address(), name()}); }

}  // namespace

namespace shapes {

Shape zone_answer() {
  return either({word(kAnswers), address(), list(address()), map(name_answer)});
}

}  // namespace shapes

const Keys& host() {
  static const Keys kKeys{
      "host",
      "a host",
      {key("inside", name(), "stands alone",
           "The host around it: linked by a veth pair, 10.200.N.1 outside and 10.200.N.2 inside "
           "(/24), with the default route outwards. N is 0 for the first inner host in the file's "
           "order, `agent` before those added",
           "a host"),
       key("shares", name(), "a namespace of its own",
           "Another name for that host's namespace; nothing else stands beside it", "a host"),
       key("by", word(kBy), "`harness`",
           "Who makes the namespace: the harness, which hands it to the subject; or the subject, "
           "whose namespace the harness joins"),
       key("addresses", either({cidr(), list(cidr())}), "`[]`",
           "Addresses with their prefix, added to its loopback", "list of CIDR"),
       key("routes", maps(either({word(kNowhere), address()})), "those of its links",
           "Where packets for a prefix go besides: to that next hop, or nowhere, silently "
           "(`blackhole`) or with an answer (`unreachable`, `prohibit`)",
           "map from CIDR to an address, `blackhole`, `unreachable` or `prohibit`"),
       key("mtu", integer(1), "the kernel's", kMtuMeaning),
       key("loopback", word(kUpDown), "`up`", "Whether its loopback is up"),
       key("ipv6", word(kIpv6), "`disabled`",
           "`blackholed`: addresses and routes are there, and what is sent vanishes"),
       key("forward", boolean(), "`false`",
           "Whether it passes packets on between its links; else they vanish"),
       key("resolver", either({word(kResolvers), address()}), "`world`; for inner hosts `none`",
           "What its resolv.conf names: the world's name server (127.0.0.53), nothing, or an "
           "address"),
       key("hosts_file", maps(address()), "`{}`", "Names and their addresses, for its /etc/hosts",
           "map from name to address")}};
  return kKeys;
}

const Keys& network() {
  static const Keys kKeys{
      "network",
      "a network",
      {needed("subnet", cidr(), "The addresses of the bridge's members"),
       needed("members", named(address()), "The hosts on it, each with its address there",
              "map from host to address"),
       key("mtu", integer(1), "the kernel's", kMtuMeaning)}};
  return kKeys;
}

const Keys& firewall_rule() {
  static const Keys kKeys{
      "firewall_rule",
      "a firewall rule",
      {needed("host", name(), "Whose packets it judges", "a host"),
       needed("verdict", word(kVerdicts),
              "`drop`: silence (`filtered`). `reject`: ICMP port unreachable, and `reset`: RST "
              "(`refused`). `prohibit`: ICMP administratively prohibited (`unroutable`)"),
       key("direction", word(kDirections), "`input`", "Which of them"),
       key("from", peer(), "any", "Their source", "a CIDR, an address or a host"),
       key("to", peer(), "any", "Their destination", "a CIDR, an address or a host"),
       key("port", integer(1), "any, of every protocol", "The destination's, of TCP and UDP")}};
  return kKeys;
}

const Keys& name_answer() {
  static const Keys kKeys{
      "name_answer",
      "a name's answer",
      {needed("sequence", list(zone_answer()),
              "One answer after the other for each record type; it stays at the last",
              "list of answers")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
