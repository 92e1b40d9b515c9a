// For tests: sockets on 127.0.0.1, with names for how things end. Every wait is bounded.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/unique_fd.h"

namespace sallyport::linux::testing {

// `ok`, `ECONNREFUSED` ...
[[nodiscard]] std::string name_of(int error);

// Ends every wait of a socket with EAGAIN, a connect with EINPROGRESS.
void bound(int socket, int milliseconds);

[[nodiscard]] base::UniqueFd listen_at(std::uint16_t port);

struct Peer {
  base::UniqueFd socket;
  int error = 0;  // of connect
};
[[nodiscard]] Peer dial(std::uint16_t port, int milliseconds = 2000);
[[nodiscard]] base::UniqueFd accept_from(const base::UniqueFd& listener);

// What comes, `end`, or the name of the error that ends the wait for it.
[[nodiscard]] std::string receive(const base::UniqueFd& socket);
void send_text(const base::UniqueFd& socket, const std::string& text);

}  // namespace sallyport::linux::testing
