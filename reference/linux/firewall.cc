#include "reference/linux/firewall.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/packet_log.h"
#include "reference/linux/packet_rules.h"

namespace sallyport::linux {
namespace {

// More than a datagram of the log ever has: one packet, cut to its headers.
constexpr std::size_t kLogBytes = 16384;
// Names that other filters of the same namespace may have used.
constexpr int kNamesTried = 64;

std::string text_of(const char* text) { return text == nullptr ? std::string() : text; }

base::Result<base::UniqueFd> own_namespace(int net_namespace) {
  if (net_namespace < 0) return open_namespace(NamespaceKind::net);
  base::UniqueFd copy(::fcntl(net_namespace, F_DUPFD_CLOEXEC, 0));
  if (!copy) return failure(Operation::open_namespace, errno);
  return copy;
}

}  // namespace

base::Result<std::shared_ptr<PacketFilter>> PacketFilter::open(int net_namespace) {
  auto ns = own_namespace(net_namespace);
  if (!ns) return ns.error();
  // In the namespace: that is where the library opens its socket.
  const auto inside = NetNamespaceGuard::enter(ns->get());
  if (!inside) return inside.error();
  nft_ctx* const context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return failure(Operation::open_netlink, ENOMEM);
  std::shared_ptr<PacketFilter> filter(new PacketFilter(std::move(*ns), context));
  if (nft_ctx_buffer_output(context) != 0 || nft_ctx_buffer_error(context) != 0)
    return failure(Operation::open_netlink, ENOMEM);
  nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_NUMERIC_ALL | NFT_CTX_OUTPUT_STATELESS);
  return filter;
}

PacketFilter::~PacketFilter() { nft_ctx_free(context_); }

PacketFilter::Said PacketFilter::tell(const std::string& commands) {
  Said said;
  errno = 0;
  if (nft_run_cmd_from_buffer(context_, commands.c_str()) != 0)
    said.error = errno > 0 && errno < 4096 ? errno : EPROTO;
  // Both are emptied by being read.
  said.output = text_of(nft_ctx_get_output_buffer(context_));
  said.complaint = text_of(nft_ctx_get_error_buffer(context_));
  return said;
}

Firewall::Firewall(std::shared_ptr<PacketFilter> filter, base::UniqueFd log)
    : filter_(std::move(filter)), log_(std::move(log)) {}

base::Result<Firewall> Firewall::install(int net_namespace, const PacketRule& rule) {
  auto filter = PacketFilter::open(net_namespace);
  if (!filter) return filter.error();
  return install(std::move(*filter), rule);
}

base::Result<Firewall> Firewall::install(std::shared_ptr<PacketFilter> filter,
                                         const PacketRule& rule) {
  const auto inside = NetNamespaceGuard::enter(filter->namespace_.get());
  if (!inside) return inside.error();
  auto log = open_packet_log();
  if (!log) return log.error();
  const std::uint16_t group = log->second;
  Firewall made(std::move(filter), std::move(log->first));
  if (auto done = made.put_in_force(rule, group); !done) return done.error();
  return made;
}

base::Result<void> Firewall::make_table(const PacketRule& rule, std::uint16_t group) {
  for (int tries = kNamesTried; tries > 0; --tries) {
    const std::string name = fmt::format("sallyport_{}_{}", group, ++filter_->tables_);
    table_ = packet_table(name, group, rule);
    const auto said = filter_->tell(table_.text);
    if (said.error == 0) return {};
    if (said.error != EEXIST || tries == 1) return failure(Operation::install_rules, said.error);
  }
  return {};
}

base::Result<void> Firewall::put_in_force(const PacketRule& rule, std::uint16_t group) {
  if (auto made = make_table(rule, group); !made) return made.error();
  in_force_ = true;
  const auto listed = filter_->tell("list table inet " + table_.name);
  if (listed.error != 0) return failure(Operation::list_rules, listed.error);
  if (!lists_all(listed.output, table_)) return failure(Operation::install_rules, EPROTO);
  return {};
}

Firewall::~Firewall() {
  if (!log_ || !in_force_) return;
  // Slow, but whatever happens the rule must not stay.
  if (filter_->tell(pass_all(table_)).error != 0)
    (void)filter_->tell("delete table inet " + table_.name);
}

std::optional<SeenPacket> Firewall::next() {
  std::array<std::uint8_t, kLogBytes> datagram;
  for (;;) {
    while (!seen_.empty()) {
      const SeenPacket seen = seen_.front();
      seen_.pop_front();
      if (!seen.opening || told_.emplace(seen.peer, seen.sequence).second) return seen;
    }
    const ssize_t size = ::recv(log_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      overflowed_ = true;
      continue;
    }
    if (size <= 0) return std::nullopt;
    for (const SeenPacket& seen : parse_log({datagram.data(), static_cast<std::size_t>(size)}))
      seen_.push_back(seen);
  }
}

bool Firewall::overflowed() { return std::exchange(overflowed_, false); }

base::Result<std::string> Firewall::listing() const {
  auto said = filter_->tell("list table inet " + table_.name);
  if (said.error != 0) return failure(Operation::list_rules, said.error);
  return std::move(said.output);
}

std::string try_firewall() {
  auto filter = PacketFilter::open(-1);
  if (!filter) return filter.error().message();
  auto log = open_packet_log();
  if (!log) return log.error().message();
  PacketRule rule;
  rule.verdict = PacketRule::Verdict::reset;
  rule.listener.port = 1;
  rule.offset = 1;
  const PacketTable table = packet_table("sallyport_try", log->second, rule);
  const auto made = (*filter)->tell(table.text);
  if (made.error != 0) return made.complaint.empty() ? "it can't be made" : made.complaint;
  const auto listed = (*filter)->tell("list table inet sallyport_try");
  return lists_all(listed.output, table) ? std::string() : "what is listed isn't what was made";
}

}  // namespace sallyport::linux
