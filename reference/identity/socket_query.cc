#include "reference/identity/socket_query.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "reference/linux/error.h"

namespace sallyport::identity {
namespace {

constexpr std::uint8_t kListening = 10;  // TCP_LISTEN of the kernel
constexpr std::uint32_t kSequence = 1;
constexpr int kAnswersMax = 16;  // stale ones that are thrown away at most

struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

void put_address(const net::IpAddress& address, bool mapped, __be32* into) {
  const auto& octets = address.octets();
  if (!mapped) {
    std::memcpy(into, octets.data(), address.is_v4() ? 4 : 16);
    return;
  }
  into[2] = htonl(0xffff);
  std::memcpy(&into[3], octets.data(), 4);
}

// `mapped`: an IPv4 pair, asked for as an IPv6 socket has it.
Question question(const net::Endpoint& local, const net::Endpoint& remote, bool mapped) {
  Question asked;
  asked.header.nlmsg_len = sizeof asked;
  asked.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  asked.header.nlmsg_flags = NLM_F_REQUEST;
  asked.header.nlmsg_seq = kSequence;
  const bool v6 = mapped || !local.address.is_v4();
  asked.body.sdiag_family = v6 ? AF_INET6 : AF_INET;
  asked.body.sdiag_protocol = IPPROTO_TCP;
  asked.body.idiag_states = ~0U;
  inet_diag_sockid& id = asked.body.id;
  id.idiag_sport = htons(local.port);
  id.idiag_dport = htons(remote.port);
  put_address(local.address, mapped, id.idiag_src);
  put_address(remote.address, mapped, id.idiag_dst);
  id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return asked;
}

// Where no connection is left the kernel may answer with a listener of that port, and where one is
// closing with a socket that is nobody's.
std::uint64_t inode_in(const inet_diag_msg& answer, const inet_diag_sockid& asked) {
  const inet_diag_sockid& id = answer.id;
  const bool same = id.idiag_sport == asked.idiag_sport && id.idiag_dport == asked.idiag_dport;
  return same && answer.idiag_state != kListening ? answer.idiag_inode : 0;
}

// 0: there is no such socket.
base::Result<std::uint64_t> ask(int query, const Question& asked) {
  const auto failed = [](int error) {
    return linux::failure(linux::Operation::talk_netlink, error);
  };
  if (::send(query, &asked, sizeof asked, 0) != static_cast<ssize_t>(sizeof asked)) {
    return failed(errno);
  }
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  for (int turn = 0; turn < kAnswersMax; ++turn) {
    // Sent is answered: who would have to wait has lost the answer.
    const ssize_t size = ::recv(query, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(errno);
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
    if (!NLMSG_OK(header, static_cast<std::size_t>(size))) return failed(EPROTO);
    if (header->nlmsg_seq != kSequence) continue;
    if (header->nlmsg_type == NLMSG_ERROR) {
      if (header->nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return failed(EPROTO);
      const int error = -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
      if (error == ENOENT) return std::uint64_t{0};
      return failed(error > 0 ? error : EPROTO);
    }
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) {
      return failed(EPROTO);
    }
    return inode_in(*static_cast<const inet_diag_msg*>(NLMSG_DATA(header)), asked.body.id);
  }
  return failed(EPROTO);
}

}  // namespace

base::Result<base::UniqueFd> open_socket_query() {
  base::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket) return linux::failure(linux::Operation::open_netlink, errno);
  return socket;
}

base::Result<std::optional<std::uint64_t>> query_socket(int query, const net::Endpoint& local,
                                                        const net::Endpoint& remote) {
  net::Endpoint ours{local.address.unmapped(), local.port};
  net::Endpoint theirs{remote.address.unmapped(), remote.port};
  if (ours.address.is_v4() != theirs.address.is_v4()) return std::nullopt;
  for (const bool mapped : {false, true}) {
    if (mapped && !ours.address.is_v4()) break;
    const auto inode = ask(query, question(ours, theirs, mapped));
    if (!inode) return inode.error();
    if (*inode != 0) return std::optional<std::uint64_t>(*inode);
  }
  return std::nullopt;
}

}  // namespace sallyport::identity
