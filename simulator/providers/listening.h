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
  // Without a socket it would listen at `endpoint`.
  Listening(Environment environment, Actor actor, net::Endpoint endpoint, base::UniqueFd socket,
            std::shared_ptr<wire::TlsContext> tls, bool quiet);

  void start(Serve serve);
  // For good.
  void stop();

  // In place, as Provider says.
  void stop_listening();
  void start_listening(base::UniqueFd socket);
  [[nodiscard]] bool listens() const { return listener_ != nullptr; }
  void freeze() { gate_->freeze(); }
  void thaw() { gate_->thaw(); }

  // For connections from now on.
  void set_tls(std::shared_ptr<wire::TlsContext> tls) { tls_ = std::move(tls); }
  void set_keys(std::map<std::string, std::string> keys) { environment_.keys = std::move(keys); }
  // Resets what is open; goes on accepting.
  void reset_open();
  [[nodiscard]] net::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] std::size_t open() const;

 private:
  static net::Task<void> accept_all(std::shared_ptr<Listening> self,
                                    std::shared_ptr<net::TcpListener> listener);
  static net::Task<void> run(std::shared_ptr<Listening> self,
                             std::shared_ptr<Connection> connection);
  static net::Task<void> read(std::shared_ptr<Listening> self,
                              std::shared_ptr<Connection> connection);

  Environment environment_;
  Actor actor_;
  std::shared_ptr<wire::TlsContext> tls_;
  bool quiet_;
  std::shared_ptr<net::TcpListener> listener_;  // null: it doesn't listen
  net::Endpoint endpoint_;
  std::shared_ptr<Gate> gate_;
  net::TaskGroup tasks_;
  Serve serve_;
  std::uint64_t next_ = 1;
  bool stopped_ = false;
  std::list<std::weak_ptr<Connection>> connections_;
};

}  // namespace sallyport::sim::providers
