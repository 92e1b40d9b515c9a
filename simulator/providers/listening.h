// Accepts for an actor, gives each connection its number, and ends all of them when it is stopped.
// Internal to this folder.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "reference/base/unique_fd.h"
#include "reference/net/listener.h"
#include "reference/net/task_group.h"
#include "simulator/providers/connection.h"

namespace sallyport::sim::providers {

class Listening : public std::enable_shared_from_this<Listening> {
 public:
  // Answers one connection; another coroutine of it reads meanwhile.
  using Serve = std::function<net::Task<void>(std::shared_ptr<Connection>)>;

  // `quiet`: nothing of what comes is journalled nor answered (a listener that only stalls).
  Listening(Environment environment, Actor actor, base::UniqueFd socket,
            std::shared_ptr<wire::TlsContext> tls, bool quiet);

  void start(Serve serve);
  void stop();
  // Resets what is open; goes on accepting.
  void reset_open();
  [[nodiscard]] net::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] std::size_t open() const;

 private:
  static net::Task<void> accept_all(std::shared_ptr<Listening> self);
  static net::Task<void> run(std::shared_ptr<Listening> self,
                             std::shared_ptr<Connection> connection);
  static net::Task<void> read(std::shared_ptr<Listening> self,
                              std::shared_ptr<Connection> connection);

  Environment environment_;
  Actor actor_;
  std::shared_ptr<wire::TlsContext> tls_;
  bool quiet_;
  net::TcpListener listener_;
  net::Endpoint endpoint_;
  net::TaskGroup tasks_;
  Serve serve_;
  std::uint64_t next_ = 1;
  bool stopped_ = false;
  std::list<std::weak_ptr<Connection>> connections_;
};

}  // namespace sallyport::sim::providers
