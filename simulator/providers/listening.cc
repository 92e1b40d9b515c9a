#include "simulator/providers/listening.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "reference/base/check.h"

namespace sallyport::sim::providers {

Listening::Listening(Environment environment, Actor actor, net::Endpoint endpoint,
                     base::UniqueFd socket, std::shared_ptr<wire::TlsContext> tls, bool quiet)
    : environment_(std::move(environment)),
      actor_(std::move(actor)),
      tls_(std::move(tls)),
      quiet_(quiet),
      endpoint_(endpoint),
      gate_(std::make_shared<Gate>(environment_.executor)),
      tasks_(environment_.executor, environment_.log) {
  if (socket) start_listening(std::move(socket));
}

void Listening::start(Serve serve) {
  serve_ = std::move(serve);
  if (listener_ != nullptr) tasks_.spawn(accept_all(shared_from_this(), listener_));
}

void Listening::start_listening(base::UniqueFd socket) {
  CHECK(listener_ == nullptr && !stopped_);
  listener_ = std::make_shared<net::TcpListener>(environment_.executor, environment_.deadlines,
                                                 std::move(socket));
  endpoint_ = listener_->local_endpoint();
  if (serve_) tasks_.spawn(accept_all(shared_from_this(), listener_));
}

void Listening::stop_listening() {
  if (listener_ == nullptr) return;
  listener_->close();
  listener_ = nullptr;
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection && !connection->broken()) connection->end();
  }
  gate_->thaw();  // for the coroutines, which end
}

void Listening::stop() {
  if (std::exchange(stopped_, true)) return;
  if (listener_ != nullptr) listener_->close();
  listener_ = nullptr;
  reset_open();
  gate_->thaw();
  serve_ = nullptr;
  // From within the loop: forced from outside of it, Boost 1.81 would cancel a root a turn later,
  // when the root may have ended by itself, through a pointer to what has gone with it.
  net::asio::post(environment_.executor, [self = shared_from_this()] { self->tasks_.force(); });
}

void Listening::reset_open() {
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection && !connection->broken()) connection->reset();
  }
}

std::size_t Listening::open() const {
  std::size_t count = 0;
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection && !connection->broken()) ++count;
  }
  return count;
}

net::Task<void> Listening::accept_all(std::shared_ptr<Listening> self,
                                      std::shared_ptr<net::TcpListener> listener) {
  while (self->listener_ == listener) {
    auto accepted = co_await listener->accept();
    if (!accepted) co_return;
    co_await self->gate_->open();
    if (self->listener_ != listener) co_return;
    const auto connection = std::make_shared<Connection>(
        self->environment_, self->actor_, self->next_++, std::move(*accepted), self->gate_);
    self->connections_.remove_if([](const auto& weak) { return weak.expired(); });
    self->connections_.push_back(connection);
    connection->note_accepted();
    self->tasks_.spawn(run(self, connection));
  }
}

net::Task<void> Listening::run(std::shared_ptr<Listening> self,
                               std::shared_ptr<Connection> connection) {
  if (self->tls_ != nullptr) {
    const bool secured = co_await connection->secure(self->tls_);
    if (!secured) co_return;
  }
  if (self->stopped_) co_return;
  self->tasks_.spawn(read(self, connection));
  if (self->quiet_) co_return;
  const Serve serve = self->serve_;
  co_await serve(connection);
  connection->close();
}

net::Task<void> Listening::read(std::shared_ptr<Listening> self,
                                std::shared_ptr<Connection> connection) {
  co_await connection->read_until_end(self->quiet_);
}

}  // namespace sallyport::sim::providers
