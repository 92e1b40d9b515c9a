#include "reference/supervisor/server.h"

#include <fmt/format.h>

#include "reference/adapters/session.h"

namespace sallyport::supervisor {

Server::Server(const relay::Services& services, net::Deadlines& deadlines,
               std::uint64_t connections_max)
    : services_(services),
      deadlines_(deadlines),
      connections_max_(connections_max),
      session_ended_(services.executor),
      accepting_(services.executor, services.log) {}

std::string Server::listen(const net::Endpoint& at) {
  auto socket = net::TcpListener::bind(at);
  if (!socket)
    return fmt::format("can't listen on {}: {}", at.to_string(), socket.error().message());
  listen(std::move(*socket));
  return {};
}

void Server::listen(base::UniqueFd listening) {
  listeners_.push_back(
      std::make_unique<net::TcpListener>(services_.executor, deadlines_, std::move(listening)));
  bound_.push_back(listeners_.back()->local_endpoint());
}

void Server::start() {
  for (const auto& listener : listeners_) {
    services_.audit.emit(audit::net_listening(
        {listener->local_endpoint().address.to_string(), listener->local_endpoint().port}));
    accepting_.spawn(accept_loop(*listener));
  }
}

void Server::stop() {
  stopped_ = true;
  for (const auto& listener : listeners_) listener->close();
  session_ended_.notify();
}

// Without a bound: a session's end, or stop(), wakes this. False when there is no more accepting.
net::Task<bool> Server::wait_for_room() {
  while (connections_ >= connections_max_ && !stopped_) {
    const bool notified = co_await session_ended_.wait();
    if (!notified) co_return false;
  }
  co_return !stopped_;
}

net::Task<void> Server::accept_loop(net::TcpListener& listener) {
  while (!stopped_) {
    bool room = co_await wait_for_room();
    if (!room) co_return;
    auto client = co_await listener.accept();
    if (client) {
      // Another listener may have taken the place while this one waited for somebody.
      room = co_await wait_for_room();
      if (!room) co_return;
      ++connections_;
      services_.sessions.spawn(session(std::move(*client)));
    } else if (!stopped_) {
      services_.log.write(base::LogLevel::error, "listener", client.error().message());
      co_return;
    } else {
      co_return;
    }
  }
}

net::Task<void> Server::session(std::unique_ptr<net::TcpStream> client) {
  // Counted down also when the session is cancelled.
  struct Counted {
    Server& server;
    ~Counted() {
      --server.connections_;
      server.session_ended_.notify();
    }
  };
  const Counted counted{*this};
  co_await adapters::serve_session(services_, std::move(client));
}

}  // namespace sallyport::supervisor
