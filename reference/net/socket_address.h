// Between sockaddr and Endpoint. For the files of this folder, and for who makes sockets himself.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "reference/net/address.h"

namespace sallyport::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

[[nodiscard]] SocketAddress to_socket_address(const Endpoint& endpoint);
// Nothing if it isn't IPv4 or IPv6.
[[nodiscard]] std::optional<Endpoint> to_endpoint(const sockaddr_storage& address);

// getsockname and getpeername; nothing if the socket has no such end over IP.
[[nodiscard]] std::optional<Endpoint> local_endpoint_of(int socket);
[[nodiscard]] std::optional<Endpoint> peer_endpoint_of(int socket);

}  // namespace sallyport::net
