// The packet filter rules of one network namespace, as a host's administrator would write them: a
// list, of which the first that matches decides. One table of libnftables', replaced as a whole in
// one transaction, so that no packet ever sees a list half changed, and read back: what the kernel
// lists is parsed and compared. What a rule touches is told through NFLOG. Traffic of the namespace
// with itself (lo) isn't touched, nor is IPv6's neighbour discovery. Blocking but short, for the
// one thread of its process; works for root of a user namespace. The table goes with the namespace.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/linux/firewall.h"
#include "reference/net/address.h"

namespace sallyport::linux {

struct HostRule {
  enum class Hook { input, output, forward };
  enum class Verdict {
    accept,
    drop,
    reject,    // ICMP port unreachable
    reset,     // a TCP reset; what isn't TCP gets ICMP port unreachable
    prohibit,  // ICMP administratively prohibited
  };
  std::string name;  // [a-z][a-z0-9_]*, at most 40 octets, all different
  Hook hook = Hook::input;
  Verdict verdict = Verdict::accept;
  // Of the packet's addresses; nothing: any. An empty list matches nothing.
  std::optional<std::vector<net::Cidr>> from, to;
  std::uint16_t port = 0;  // the destination's, TCP and UDP; 0: any, of every protocol

  friend bool operator==(const HostRule&, const HostRule&);
};

// A packet that a rule matched.
struct RuledPacket {
  std::string rule;
  net::Endpoint from, to;     // port 0 where the protocol has none
  std::uint8_t protocol = 0;  // IPPROTO_TCP ...
  bool opening = false;       // a TCP SYN
};

class HostRules {
 public:
  // None yet. -1: the caller's own namespace. One object a namespace.
  [[nodiscard]] static base::Result<HostRules> open(int net_namespace);

  // These and no others, in this order. Whoever was told of stays told, but for rules that have
  // changed. An error: install_rules or list_rules with the errno, EPROTO when what is there isn't
  // what was asked for; before the transaction nothing has changed.
  [[nodiscard]] base::Result<void> apply(const std::vector<HostRule>& rules);

  // Readable when next() has something.
  [[nodiscard]] int log_fd() const { return log_.get(); }
  // Never waits. Each connection attempt once, each other flow once. Who is to hear by ICMP that
  // its SYN was stopped hears it for certain when this has told of it: what the kernel itself said
  // comes too early to end a connect().
  [[nodiscard]] std::optional<RuledPacket> next();
  // Whether packets were lost to tell since the last call.
  [[nodiscard]] bool overflowed();

  [[nodiscard]] base::Result<std::string> listing() const;

 private:
  HostRules(std::shared_ptr<PacketFilter> filter, base::UniqueFd log, std::uint16_t group)
      : filter_(std::move(filter)), log_(std::move(log)), group_(group) {}
  void answer(const std::string& rule, std::span<const std::uint8_t> packet) const;
  [[nodiscard]] bool is_new(const RuledPacket& packet, std::uint32_t sequence);

  std::shared_ptr<PacketFilter> filter_;
  base::UniqueFd log_;
  std::uint16_t group_;
  std::vector<HostRule> rules_;  // in force
  bool made_ = false;
  std::deque<RuledPacket> seen_;  // read, not yet handed out
  // A flow of a rule; of a SYN with its sequence number, so that one sent again counts once.
  using Flow =
      std::tuple<std::string, std::uint8_t, net::Endpoint, net::Endpoint, bool, std::uint32_t>;
  std::set<Flow> told_;
  bool overflowed_ = false;
};

}  // namespace sallyport::linux
