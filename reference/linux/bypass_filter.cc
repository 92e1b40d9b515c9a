#include "reference/linux/bypass_filter.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "reference/linux/error.h"
#include "reference/linux/firewall.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/packet_log.h"

namespace sallyport::linux {
namespace {

constexpr std::string_view kTable = "sallyport_agent";
constexpr std::string_view kHook = "hook output priority 0; policy drop;";

// In the order in which they stand; each is found again by its comment.
constexpr std::array<std::string_view, 6> kRules{
    "proxy", "own", "told_tcp", "refused_tcp", "told_udp", "refused_udp",
};

std::string comment(std::string_view rule) { return fmt::format("comment \"{}\"", rule); }

}  // namespace

std::string bypass_rules(const net::Endpoint& proxy, std::uint16_t log_group) {
  // No more than this of a loop that tries for ever; refused is every packet.
  const std::string log = fmt::format(
      "limit rate 5/second burst 10 packets log prefix \"openshell:bypass:\" group {} "
      "snaplen 128 queue-threshold 1",
      log_group);
  const std::array<std::string, kRules.size()> lines{
      fmt::format("{} daddr {} tcp dport {} accept", proxy.address.is_v4() ? "ip" : "ip6",
                  proxy.address.to_string(), proxy.port),
      "oifname \"lo\" accept",
      "tcp flags & (syn | ack) == syn " + log,
      "meta l4proto tcp reject with tcp reset",
      "meta l4proto udp " + log,
      "meta l4proto udp reject",
  };
  std::string text = fmt::format(
      "create table inet {0}\ntable inet {0} {{\n  chain output {{\n    type filter {1}\n", kTable,
      kHook);
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += fmt::format("    {} {}\n", lines[i], comment(kRules[i]));
  return text + "  }\n}\n";
}

bool lists_bypass_rules(const std::string& listing) {
  std::size_t at = listing.find(kHook);
  for (const std::string_view rule : kRules) {
    if (at == std::string::npos) return false;
    at = listing.find(comment(rule), at);
  }
  std::size_t comments = 0;
  constexpr std::string_view kMark = "comment \"";
  for (std::size_t i = listing.find(kMark); i != std::string::npos; i = listing.find(kMark, i + 1))
    ++comments;
  return at != std::string::npos && comments == kRules.size();
}

base::Result<base::UniqueFd> BypassFilter::install(int net_namespace, const net::Endpoint& proxy) {
  auto filter = PacketFilter::open(net_namespace);
  if (!filter) return filter.error();
  const auto inside = NetNamespaceGuard::enter((*filter)->namespace_.get());
  if (!inside) return inside.error();
  auto log = open_packet_log();
  if (!log) return log.error();
  const auto made = (*filter)->tell(bypass_rules(proxy, log->second));
  if (made.error != 0) return failure(Operation::install_rules, made.error);
  const auto listed = (*filter)->tell(fmt::format("list table inet {}", kTable));
  if (listed.error != 0) return failure(Operation::list_rules, listed.error);
  if (!lists_bypass_rules(listed.output)) return failure(Operation::install_rules, EPROTO);
  return std::move(log->first);
}

std::vector<BypassAttempt> bypass_attempts(std::span<const std::uint8_t> datagram) {
  std::vector<BypassAttempt> attempts;
  for (const LoggedPacket& one : logged_in(datagram)) {
    const auto flow = parse_flow(one.packet);
    if (flow) attempts.push_back({flow->from, flow->to, flow->protocol, one.uid});
  }
  return attempts;
}

}  // namespace sallyport::linux
