#include "reference/linux/packet_rules.h"

#include <array>
#include <vector>

namespace sallyport::linux {
namespace {

using Verdict = PacketRule::Verdict;

constexpr const char* kReject = "reject with tcp reset";
// Octets of a TCP header: bare, with time stamps, and the most. A header of another length comes
// with a selective acknowledgement; then small payloads go unseen.
constexpr std::array<int, 3> kTcpHeaders = {20, 32, 60};

struct Family {
  const char* number;    // suffix of our names
  const char* protocol;  // as `meta nfproto` says it
  const char* header;    // as its fields are called
  int header_octets;     // that its `length` counts
};
constexpr Family kV4 = {"4", "ipv4", "ip", 20};
constexpr Family kV6 = {"6", "ipv6", "ip6", 0};

std::vector<Family> families(const net::IpAddress& address) {
  if (address.is_v4()) return {kV4};
  if (address.is_unspecified()) return {kV4, kV6};
  return {kV6};
}

class Writer {
 public:
  Writer(std::uint16_t group, const PacketRule& rule) : group_(group), rule_(rule) {}

  [[nodiscard]] PacketTable table(const std::string& name);

 private:
  void line(const std::string& text) { body_ += "    " + text + "\n"; }
  void rule(const std::string& text) { line(text + " comment \"" + rule_comment(++rules_) + "\""); }
  void open(const std::string& chain, const std::string& hook = {}) {
    body_ += "  chain " + chain + " {\n";
    if (!hook.empty())
      line("type filter hook " + hook + " priority " + priority() + "; policy accept;");
  }
  void close() { body_ += "  }\n"; }
  // Who only looks comes first: what another rule has dropped is seen by nobody after it.
  [[nodiscard]] std::string priority() const {
    const bool looks = rule_.verdict == Verdict::pass || rule_.verdict == Verdict::attempts;
    return looks ? "-10" : "0";
  }

  // The listener's end of a packet: `field` is daddr or saddr, `port` dport or sport.
  [[nodiscard]] std::string at(const Family& family, const char* field, const char* port) const;
  [[nodiscard]] std::string log() const {
    return "log group " + std::to_string(group_) + " snaplen 128 queue-threshold 1";
  }
  [[nodiscard]] static std::string peer(const Family& family) {
    return std::string(family.header) + " saddr . tcp sport";
  }
  void set(const Family& family, const char* name);
  // Packets with payload only.
  void payload_rules(const Family& family, bool quota, const std::string& verdict);
  void chains(const Family& family);
  void peer_chain(const Family& family);
  void reset_rules(const Family& family);

  std::uint16_t group_;
  const PacketRule& rule_;
  std::string body_;
  std::size_t rules_ = 0;
};

std::string Writer::at(const Family& family, const char* field, const char* port) const {
  const net::Endpoint& listener = rule_.listener;
  const std::string where =
      listener.address.is_unspecified()
          ? std::string("meta nfproto ") + family.protocol
          : std::string(family.header) + " " + field + " " + listener.address.to_string();
  return where + " tcp " + port + " " + std::to_string(listener.port);
}

void Writer::set(const Family& family, const char* name) {
  body_ += std::string("  set ") + name + family.number + " { type " + family.protocol +
           "_addr . inet_service; size 65535; flags dynamic; }\n";
}

void Writer::payload_rules(const Family& family, bool quota, const std::string& verdict) {
  for (const int tcp : kTcpHeaders) {
    const int headers = family.header_octets + tcp;
    const std::string words = tcp == kTcpHeaders.back() ? "!= { 5, 8 }" : std::to_string(tcp / 4);
    std::string text =
        "tcp doff " + words + " " + family.header + " length > " + std::to_string(headers);
    if (quota) {
      // The quota counts whole packets, and is over one octet later (in kernels before 6.12: with
      // its last octet).
      const int packet = family.header_octets == 0 ? headers + 40 : headers;
      const std::uint64_t most = rule_.offset + static_cast<std::uint64_t>(packet);
      text += std::string(" add @spent") + family.number + " { " + peer(family) + " quota over " +
              std::to_string(most) + " bytes }";
    }
    rule(text + " " + verdict);
  }
}

void Writer::reset_rules(const Family& family) {
  const std::string fresh = std::string("@fresh") + family.number;
  rule("tcp flags & (syn | ack) == syn add " + fresh + " { " + peer(family) + " } accept");
  rule(peer(family) + " != " + fresh + " jump payload" + family.number);
  rule(peer(family) + " != " + fresh + " " + kReject);
  payload_rules(family, rule_.offset > 0, kReject);
}

void Writer::peer_chain(const Family& family) {
  const bool every = rule_.verdict == Verdict::attempts || rule_.verdict == Verdict::filter;
  const std::string syn = "tcp flags & (syn | ack) == syn";
  open(std::string("peer") + family.number);
  if (rule_.verdict == Verdict::refuse || rule_.verdict == Verdict::reset) {
    // The listener's own side of what was reset is to hear of it.
    rule("tcp flags & rst == rst accept");
  }
  const std::string remember =
      every ? "" : std::string(" add @seen") + family.number + " { " + peer(family) + " }";
  rule(syn + remember + " " + log());
  const std::string payload = std::string("jump payload") + family.number;
  switch (rule_.verdict) {
    case Verdict::attempts:
      break;
    case Verdict::pass:
      rule(payload);
      break;
    case Verdict::filter:
      rule(syn + " drop");
      break;
    case Verdict::refuse:
      rule(payload);
      rule(kReject);
      break;
    case Verdict::blackhole:
      rule(payload);
      rule("drop");
      break;
    case Verdict::reset:
      reset_rules(family);
      break;
  }
  close();
}

void Writer::chains(const Family& family) {
  const bool payload = rule_.verdict != Verdict::attempts && rule_.verdict != Verdict::filter;
  if (payload) {
    set(family, "seen");
    open(std::string("first") + family.number);
    rule(peer(family) + " != @seen" + family.number + " add @seen" + family.number + " { " +
         peer(family) + " } " + log());
    close();
    open(std::string("payload") + family.number);
    payload_rules(family, false, std::string("goto first") + family.number);
    close();
  }
  if (rule_.verdict == Verdict::reset) {
    set(family, "fresh");
    set(family, "spent");
  }
  peer_chain(family);
}

PacketTable Writer::table(const std::string& name) {
  const auto all = families(rule_.listener.address);
  for (const Family& family : all) chains(family);
  open("input", "input");
  for (const Family& family : all)
    rule(at(family, "daddr", "dport") + " jump peer" + family.number);
  close();
  if (rule_.verdict == Verdict::blackhole) {
    open("output", "output");
    for (const Family& family : all) rule(at(family, "saddr", "sport") + " drop");
    close();
  }
  PacketTable table;
  table.name = name;
  table.output = rule_.verdict == Verdict::blackhole;
  table.text = "create table inet " + name + "\ntable inet " + name + " {\n" + body_ + "}\n";
  table.rules = rules_;
  return table;
}

}  // namespace

std::string rule_comment(std::size_t number) { return "rule " + std::to_string(number); }

PacketTable packet_table(const std::string& name, std::uint16_t group, const PacketRule& rule) {
  return Writer(group, rule).table(name);
}

std::string pass_all(const PacketTable& table) {
  std::string text = "insert rule inet " + table.name + " input accept\n";
  if (table.output) text += "insert rule inet " + table.name + " output accept\n";
  return text;
}

bool lists_all(const std::string& listing, const PacketTable& table) {
  const std::string mark = "comment \"";
  std::size_t found = 0;
  for (std::size_t at = listing.find(mark); at != std::string::npos;
       at = listing.find(mark, at + 1)) {
    ++found;
  }
  for (std::size_t number = 1; number <= table.rules; ++number) {
    if (listing.find(mark + rule_comment(number) + "\"") == std::string::npos) return false;
  }
  return found == table.rules && listing.find("hook input") != std::string::npos;
}

}  // namespace sallyport::linux
