#include "simulator/topology/hop_redirect.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"
#include "reference/net/socket_address.h"

namespace sallyport::sim::topology {
namespace {

using linux::Operation;

// Marks that nobody else of a world uses: ours are counted from here.
constexpr std::uint32_t kMarks = 0x5a110000;
// After connection tracking (-200). Of several tables the older comes first: what its hop sends on
// is then led to the newer one's.
constexpr int kFirstPriority = -190;
constexpr std::uint32_t kPriorities = 80;

struct Family {
  const char* number;    // suffix of our names
  const char* protocol;  // as `meta nfproto` says it
  const char* header;    // as its fields are called
};
constexpr Family kV4 = {"4", "ipv4", "ip"};
constexpr Family kV6 = {"6", "ipv6", "ip6"};

std::string led(const HopPlace& place, const Family& family, std::uint16_t to) {
  const net::IpAddress& address = place.listener.address;
  const std::string where =
      address.is_unspecified()
          ? fmt::format("meta nfproto {} fib daddr type local", family.protocol)
          : fmt::format("{} daddr {}", family.header, address.to_string());
  // Only what opens a connection: what was open before its tracking began would be taken for new.
  return fmt::format("{} tcp dport {} tcp flags & (syn | ack) == syn dnat to :{}", where,
                     place.listener.port, to);
}

// The chain's rules for each family that the hop has.
std::string lines(const HopPlace& place, const std::string& before, bool leads) {
  std::string text;
  const auto add = [&](const Family& family, std::uint16_t port) {
    if (port == 0) return;
    const std::string rule = leads
                                 ? led(place, family, port)
                                 : fmt::format("meta nfproto {} snat {} to tcp sport map @peers{}",
                                               family.protocol, family.header, family.number);
    text += fmt::format("    {}{}\n", before, rule);
  };
  add(kV4, place.ports.v4);
  add(kV6, place.ports.v6);
  return text;
}

const Family& family_of(const net::IpAddress& address) { return address.is_v4() ? kV4 : kV6; }

std::string text_of(const char* text) { return text == nullptr ? std::string() : text; }

base::Error errno_error() { return {errno, boost::system::system_category()}; }

}  // namespace

std::uint32_t hop_mark(std::uint32_t nth) { return kMarks + nth; }

std::string hop_table_name(const HopPlace& place) {
  return fmt::format("sallyport_hop_{}", place.nth);
}

std::string hop_table(const HopPlace& place) {
  const std::string name = hop_table_name(place);
  const int priority = kFirstPriority + static_cast<int>(std::min(place.nth, kPriorities));
  std::string text = fmt::format("create table inet {}\ntable inet {} {{\n", name, name);
  for (const Family& family : {kV4, kV6}) {
    text += fmt::format("  map peers{} {{ type inet_service : {}_addr . inet_service; }}\n",
                        family.number, family.protocol);
  }
  const auto chain = [&](const char* hook, int at, const std::string& rules) {
    text += fmt::format("  chain {} {{\n    type nat hook {} priority {}; policy accept;\n{}  }}\n",
                        hook, hook, at, rules);
  };
  chain("output", priority,
        lines(place, fmt::format("meta mark < {} ", hop_mark(place.nth)), true));
  chain("prerouting", priority, lines(place, {}, true));
  chain("postrouting", -kFirstPriority,
        lines(place, fmt::format("meta mark {} ", hop_mark(place.nth)), false));
  return text + "}\n";
}

HopRedirect::HopRedirect(base::UniqueFd ns, nft_ctx* context, HopPlace place)
    : namespace_(std::move(ns)), context_(context), place_(place) {}

base::Result<std::unique_ptr<HopRedirect>> HopRedirect::install(int net_namespace,
                                                                const HopPlace& place) {
  base::UniqueFd ns(::fcntl(net_namespace, F_DUPFD_CLOEXEC, 0));
  if (!ns) return linux::failure(Operation::open_namespace, errno);
  // In the namespace: that is where the library opens its socket.
  const auto inside = linux::NetNamespaceGuard::enter(ns.get());
  if (!inside) return inside.error();
  nft_ctx* const context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return linux::failure(Operation::open_netlink, ENOMEM);
  std::unique_ptr<HopRedirect> made(new HopRedirect(std::move(ns), context, place));
  if (nft_ctx_buffer_output(context) != 0 || nft_ctx_buffer_error(context) != 0)
    return linux::failure(Operation::open_netlink, ENOMEM);
  nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_NUMERIC_ALL | NFT_CTX_OUTPUT_STATELESS);
  if (const auto said = made->tell(hop_table(place)); said.error != 0)
    return linux::failure(Operation::install_rules, said.error);
  made->in_force_ = true;
  const auto listed = made->tell("list table inet " + hop_table_name(place));
  if (listed.error != 0) return linux::failure(Operation::list_rules, listed.error);
  for (const std::uint16_t port : {place.ports.v4, place.ports.v6}) {
    const std::string rule = fmt::format("dnat to :{}", port);
    if (port != 0 && listed.output.find(rule) == std::string::npos)
      return linux::failure(Operation::install_rules, EPROTO);
  }
  return made;
}

HopRedirect::~HopRedirect() {
  lift();
  nft_ctx_free(context_);
}

HopRedirect::Said HopRedirect::tell(const std::string& commands) {
  Said said;
  errno = 0;
  if (nft_run_cmd_from_buffer(context_, commands.c_str()) != 0)
    said.error = errno > 0 && errno < 4096 ? errno : EPROTO;
  // Both are emptied by being read.
  said.output = text_of(nft_ctx_get_output_buffer(context_));
  static_cast<void>(nft_ctx_get_error_buffer(context_));
  return said;
}

base::Result<base::UniqueFd> HopRedirect::socket_as(const net::IpAddress& local,
                                                    const net::Endpoint& peer,
                                                    std::uint16_t& port) {
  const auto inside = linux::NetNamespaceGuard::enter(namespace_.get());
  if (!inside) return inside.error();
  const int family = local.is_v4() ? AF_INET : AF_INET6;
  base::UniqueFd made(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return errno_error();
  const std::uint32_t mark = hop_mark(place_.nth);
  if (::setsockopt(made.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) return errno_error();
  const auto at = net::to_socket_address({local, 0});
  if (::bind(made.get(), at.get(), at.length) != 0) return errno_error();
  const auto bound = net::local_endpoint_of(made.get());
  if (!bound) return errno_error();
  port = bound->port;
  const auto said =
      tell(fmt::format("add element inet {} peers{} {{ {} : {} . {} }}", hop_table_name(place_),
                       family_of(local).number, port, peer.address.to_string(), peer.port));
  if (said.error != 0) return linux::failure(Operation::install_rules, said.error);
  return made;
}

void HopRedirect::forget(const net::IpAddress& local, std::uint16_t port) {
  const auto inside = linux::NetNamespaceGuard::enter(namespace_.get());
  if (!inside) return;
  static_cast<void>(tell(fmt::format("delete element inet {} peers{} {{ {} }}",
                                     hop_table_name(place_), family_of(local).number, port)));
}

void HopRedirect::lift() {
  if (!std::exchange(in_force_, false)) return;
  const std::string rule = "insert rule inet " + hop_table_name(place_);
  // Without its table, connections that are open would lose their translation.
  static_cast<void>(tell(rule + " output accept\n" + rule + " prerouting accept\n"));
}

}  // namespace sallyport::sim::topology
