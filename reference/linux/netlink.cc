#include "reference/linux/netlink.h"

#include <netlink/attr.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "reference/base/check.h"

namespace sallyport::linux::netlink {
namespace {

constexpr std::size_t kMessageBytes = 4096;

}  // namespace

Message make_message(int type, int flags) {
  Message message(nlmsg_alloc_size(kMessageBytes));
  CHECK(message != nullptr);
  CHECK(nlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0,
                  NLM_F_REQUEST | NLM_F_ACK | flags) != nullptr);
  return message;
}

void append_octets(const Message& message, const void* data, std::size_t size) {
  CHECK(nlmsg_append(message.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) == 0);
}

void put(const Message& message, int attribute, const void* data, std::size_t size) {
  CHECK(nla_put(message.get(), attribute, static_cast<int>(size), data) == 0);
}

void put_u32(const Message& message, int attribute, std::uint32_t value) {
  put(message, attribute, &value, sizeof value);
}

void put_text(const Message& message, int attribute, std::string_view text) {
  const std::string terminated(text);
  put(message, attribute, terminated.c_str(), terminated.size() + 1);
}

void put_address(const Message& message, int attribute, const net::IpAddress& address) {
  put(message, attribute, address.octets().data(), address.is_v4() ? 4 : 16);
}

int family_of(const net::IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

int exchange(int socket, std::uint32_t sequence, const Message& message,
             const OnAnswer& on_answer) {
  nlmsghdr* header = nlmsg_hdr(message.get());
  header->nlmsg_seq = sequence;
  header->nlmsg_pid = 0;
  if (::send(socket, header, header->nlmsg_len, 0) < 0) return errno;
  alignas(nlmsghdr) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    auto* answer = reinterpret_cast<nlmsghdr*>(buffer.data());
    int left = static_cast<int>(size);
    for (; nlmsg_ok(answer, left) != 0; answer = nlmsg_next(answer, &left)) {
      if (answer->nlmsg_seq != sequence) continue;
      if (answer->nlmsg_type == NLMSG_DONE) return 0;
      if (answer->nlmsg_type == NLMSG_ERROR)
        return -static_cast<nlmsgerr*>(nlmsg_data(answer))->error;
      if (on_answer) on_answer(answer);
    }
  }
}

}  // namespace sallyport::linux::netlink
