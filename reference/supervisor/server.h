// The listeners of a supervisor and the sessions that they bring: accepts up to a number of
// connections, stops accepting when told, lets sessions end within a bound, then forces them.
// Owned by main, on its loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/log.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "reference/net/event.h"
#include "reference/net/listener.h"
#include "reference/net/task_group.h"
#include "reference/relay/services.h"

namespace sallyport::supervisor {

class Server {
 public:
  // The services must outlive the server; sessions belong to services.sessions.
  Server(const relay::Services& services, net::Deadlines& deadlines, std::uint64_t connections_max);

  // Binds and listens; nothing is accepted yet. Nothing on success, else what failed.
  [[nodiscard]] std::string listen(const net::Endpoint& at);
  // The same with a socket that listens already, wherever it was made.
  void listen(base::UniqueFd listening);
  // The bound addresses, in the order of listen().
  [[nodiscard]] const std::vector<net::Endpoint>& bound() const { return bound_; }

  // Accepts from now on.
  void start();
  // Accepts no more. Idempotent.
  void stop();

 private:
  [[nodiscard]] net::Task<bool> wait_for_room();
  [[nodiscard]] net::Task<void> accept_loop(net::TcpListener& listener);
  [[nodiscard]] net::Task<void> session(std::unique_ptr<net::TcpStream> client);

  const relay::Services& services_;
  net::Deadlines& deadlines_;
  std::uint64_t connections_max_;
  std::uint64_t connections_ = 0;
  net::Event session_ended_;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  std::vector<net::Endpoint> bound_;
  bool stopped_ = false;
  net::TaskGroup accepting_;
};

}  // namespace sallyport::supervisor
