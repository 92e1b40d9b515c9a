#include "reference/linux/testing/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sallyport::linux::testing {
namespace {

sockaddr_in at(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

std::string name_of(int error) { return error == 0 ? "ok" : strerrorname_np(error); }

void bound(int socket, int milliseconds) {
  const timeval limit{milliseconds / 1000, (milliseconds % 1000) * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

base::UniqueFd listen_at(std::uint16_t port) {
  base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = at(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 16) != 0) {
    return {};
  }
  return socket;
}

Peer dial(std::uint16_t port, int milliseconds) {
  Peer peer;
  peer.socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bound(peer.socket.get(), milliseconds);
  const sockaddr_in address = at(port);
  if (::connect(peer.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    peer.error = errno;
  }
  return peer;
}

base::UniqueFd accept_from(const base::UniqueFd& listener) {
  bound(listener.get(), 2000);
  base::UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  bound(socket.get(), 2000);
  return socket;
}

std::string receive(const base::UniqueFd& socket) {
  std::array<char, 8192> buffer;
  const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return name_of(errno);
  return size == 0 ? "end" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

void send_text(const base::UniqueFd& socket, const std::string& text) {
  (void)::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace sallyport::linux::testing
