#include "reference/linux/host_rules.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "reference/linux/error.h"
#include "reference/linux/host_rules_text.h"
#include "reference/linux/icmp_answer.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/packet_log.h"

namespace sallyport::linux {
namespace {

// More than a datagram of the log ever has: one packet, cut to its headers.
constexpr std::size_t kLogBytes = 16384;

using Networks = std::optional<std::vector<net::Cidr>>;

bool same(const Networks& a, const Networks& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return std::equal(a->begin(), a->end(), b->begin(), b->end(),
                    [](const net::Cidr& one, const net::Cidr& other) {
                      return one.network() == other.network() && one.prefix() == other.prefix();
                    });
}

}  // namespace

bool operator==(const HostRule& a, const HostRule& b) {
  return a.name == b.name && a.hook == b.hook && a.verdict == b.verdict && a.port == b.port &&
         same(a.from, b.from) && same(a.to, b.to);
}

base::Result<HostRules> HostRules::open(int net_namespace) {
  auto filter = PacketFilter::open(net_namespace);
  if (!filter) return filter.error();
  const auto inside = NetNamespaceGuard::enter((*filter)->namespace_.get());
  if (!inside) return inside.error();
  auto log = open_packet_log();
  if (!log) return log.error();
  return HostRules(std::move(*filter), std::move(log->first), log->second);
}

base::Result<void> HostRules::apply(const std::vector<HostRule>& rules) {
  if (!made_ && rules.empty()) return {};
  const auto said = filter_->tell(replace_rules(rules_, rules, group_));
  if (said.error != 0) return failure(Operation::install_rules, said.error);
  made_ = true;
  std::erase_if(told_, [&](const Flow& flow) {
    const auto is_it = [&flow](const HostRule& rule) { return rule.name == std::get<0>(flow); };
    const auto before = std::find_if(rules_.begin(), rules_.end(), is_it);
    const auto now = std::find_if(rules.begin(), rules.end(), is_it);
    return before == rules_.end() || now == rules.end() || !(*before == *now);
  });
  rules_ = rules;
  const auto there = listing();
  if (!there) return there.error();
  if (!lists_rules(*there, rules)) return failure(Operation::install_rules, EPROTO);
  return {};
}

void HostRules::answer(const std::string& rule, std::span<const std::uint8_t> packet) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [&rule](const HostRule& one) { return one.name == rule; });
  if (found == rules_.end()) return;
  if (found->verdict != HostRule::Verdict::reject && found->verdict != HostRule::Verdict::prohibit)
    return;
  const auto inside = NetNamespaceGuard::enter(filter_->namespace_.get());
  if (!inside) return;
  answer_unreachable(packet, found->verdict == HostRule::Verdict::reject ? Unreachable::port
                                                                         : Unreachable::prohibited);
}

bool HostRules::is_new(const RuledPacket& packet, std::uint32_t sequence) {
  return told_
      .emplace(packet.rule, packet.protocol, packet.from, packet.to, packet.opening,
               packet.opening ? sequence : 0)
      .second;
}

std::optional<RuledPacket> HostRules::next() {
  std::array<std::uint8_t, kLogBytes> datagram;
  for (;;) {
    if (!seen_.empty()) {
      RuledPacket seen = std::move(seen_.front());
      seen_.pop_front();
      return seen;
    }
    const ssize_t size = ::recv(log_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      overflowed_ = true;
      continue;
    }
    if (size <= 0) return std::nullopt;
    for (const LoggedPacket& one : logged_in({datagram.data(), static_cast<std::size_t>(size)})) {
      const auto flow = parse_flow(one.packet);
      if (!flow) continue;
      RuledPacket packet{std::string(one.prefix), flow->from, flow->to, flow->protocol,
                         flow->opening};
      if (packet.opening) answer(packet.rule, one.packet);
      if (is_new(packet, flow->sequence)) seen_.push_back(std::move(packet));
    }
  }
}

bool HostRules::overflowed() { return std::exchange(overflowed_, false); }

base::Result<std::string> HostRules::listing() const {
  if (!made_) return std::string();
  auto said = filter_->tell(std::string("list table inet ") + kRulesTable);
  if (said.error != 0) return failure(Operation::list_rules, said.error);
  return std::move(said.output);
}

}  // namespace sallyport::linux
