// The packet filter of one network namespace, for what is done to one listening TCP endpoint: a
// table of libnftables' for each rule, made in one transaction and read back; at the rule's end it
// is told to let everything pass, and goes with the namespace: to delete it, the kernel would wait
// for ten milliseconds. What a rule touches is told through NFLOG: the kernel's log doesn't reach a
// namespace. Blocking but short (a fraction of a millisecond), for the one thread of its process;
// works for root of a user namespace. Loopback traffic within the namespace is touched too.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

struct nft_ctx;

namespace sallyport::linux {

struct PacketRule {
  enum class Verdict {
    pass,       // changes nothing; tells who came: with a SYN or with payload
    attempts,   // as pass, of SYNs alone
    refuse,     // RST to every packet from a peer
    filter,     // SYNs vanish, what is open goes on
    blackhole,  // every packet vanishes, both ways
    reset,      // new connections are made; RST to the payload that goes over `offset`
  };
  // 0.0.0.0 is every address of IPv4, [::] every address of both families.
  net::Endpoint listener;
  Verdict verdict = Verdict::pass;
  // Of reset: never more octets of a peer's payload get through; headers of all but the first
  // packet count as well. What was open before gets RST at its next packet whatever it carries.
  std::uint64_t offset = 0;
};

// What the packet filter was told for a rule.
struct PacketTable {
  std::string name;
  std::string text;       // to be said in one transaction; fails if there is such a table already
  std::size_t rules = 0;  // each has its number, from 1, in its comment
  bool output = false;    // whether it looks at what leaves, too
};

// A packet from a peer that a rule touched: a SYN, or the first payload of a connection whose SYN
// came before the rule.
struct SeenPacket {
  net::Endpoint peer;
  bool opening = false;        // a SYN
  std::uint32_t sequence = 0;  // TCP's: a SYN sent again has the same
};

// The way to one namespace's packet filter, for any number of rules.
class PacketFilter {
 public:
  // -1: the caller's own namespace.
  [[nodiscard]] static base::Result<std::shared_ptr<PacketFilter>> open(int net_namespace);
  ~PacketFilter();
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;

 private:
  friend class Firewall;
  friend class HostRules;
  friend class BypassFilter;
  friend std::string try_firewall();
  struct Said {
    int error = 0;  // errno; 0 for well
    std::string output;
    std::string complaint;
  };
  PacketFilter(base::UniqueFd ns, nft_ctx* context)
      : namespace_(std::move(ns)), context_(context) {}
  [[nodiscard]] Said tell(const std::string& commands);

  base::UniqueFd namespace_;
  nft_ctx* context_;
  std::uint32_t tables_ = 0;  // names used so far
};

// One rule, in force as long as the object.
class Firewall {
 public:
  // Returns when the rule is in force, as read back. An error: install_rules or list_rules with the
  // errno, EPROTO when what is there isn't what was asked for; operations of namespaces and
  // sockets.
  [[nodiscard]] static base::Result<Firewall> install(std::shared_ptr<PacketFilter> filter,
                                                      const PacketRule& rule);
  // With a filter of its own.
  [[nodiscard]] static base::Result<Firewall> install(int net_namespace, const PacketRule& rule);
  Firewall(Firewall&&) noexcept = default;
  Firewall& operator=(Firewall&&) = delete;
  ~Firewall();

  // Readable when next() has something.
  [[nodiscard]] int log_fd() const { return log_.get(); }
  // Never waits. Once a connection: packets that a peer sends again aren't told again.
  [[nodiscard]] std::optional<SeenPacket> next();
  // Whether packets were lost to tell since the last call: more came than the socket holds.
  [[nodiscard]] bool overflowed();

  // Its table's listing, as the kernel has it now.
  [[nodiscard]] base::Result<std::string> listing() const;

 private:
  Firewall(std::shared_ptr<PacketFilter> filter, base::UniqueFd log);
  [[nodiscard]] base::Result<void> put_in_force(const PacketRule& rule, std::uint16_t group);
  // One of a name that nobody has used before.
  [[nodiscard]] base::Result<void> make_table(const PacketRule& rule, std::uint16_t group);
  std::shared_ptr<PacketFilter> filter_;
  base::UniqueFd log_;  // none once moved from
  PacketTable table_;
  bool in_force_ = false;
  std::deque<SeenPacket> seen_;                             // read, not yet handed out
  std::set<std::pair<net::Endpoint, std::uint32_t>> told_;  // SYNs
  bool overflowed_ = false;
};

// Whether the packet filter can be used in the caller's namespace; empty, or what the kernel or the
// library said. Leaves a table behind: for a namespace that is about to go.
[[nodiscard]] std::string try_firewall();

}  // namespace sallyport::linux
