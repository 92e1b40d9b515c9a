#include "reference/sandbox/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace sallyport::sandbox {
namespace {

base::Error error_of(int number) { return {number, boost::system::system_category()}; }

void take_descriptors(msghdr& head, Message& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&head); part != nullptr; part = CMSG_NXTHDR(&head, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      message.fds.emplace_back(fd);
    }
  }
}

}  // namespace

base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return error_of(errno);
  return std::make_pair(base::UniqueFd(ends[0]), base::UniqueFd(ends[1]));
}

base::Result<void> send_message(int socket, std::string_view text, std::span<const int> fds) {
  if (text.size() > kMessageBytesMax || fds.size() > kMessageFdsMax) return error_of(EMSGSIZE);
  iovec octets{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMessageFdsMax * sizeof(int))> control{};
  msghdr head{};
  head.msg_iov = &octets;
  head.msg_iovlen = 1;
  if (!fds.empty()) {
    head.msg_control = control.data();
    head.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const part = CMSG_FIRSTHDR(&head);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &head, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return error_of(errno);
  return {};
}

base::Result<std::optional<Message>> receive_message(int socket) {
  // One octet more than any message has, so that a longer one is seen to be cut.
  const auto buffer = std::make_unique<std::array<char, kMessageBytesMax + 1>>();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMessageFdsMax * sizeof(int))> control{};
  iovec octets{buffer->data(), buffer->size()};
  msghdr head{};
  head.msg_iov = &octets;
  head.msg_iovlen = 1;
  head.msg_control = control.data();
  head.msg_controllen = control.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return error_of(errno);
  Message message;
  take_descriptors(head, message);
  if ((head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return error_of(EMSGSIZE);
  if (size == 0) return std::optional<Message>();
  message.text.assign(buffer->data(), static_cast<std::size_t>(size));
  return std::optional<Message>(std::move(message));
}

bool speaks_within(int socket, int ms) {
  pollfd wanted{socket, POLLIN, 0};
  return ::poll(&wanted, 1, ms) == 1;
}

std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
  const std::size_t at = text.find(' ');
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace sallyport::sandbox
