#include "simulator/providers/listening.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace sallyport::sim::providers {

Listening::Listening(Environment environment, Actor actor, base::UniqueFd socket,
                     std::shared_ptr<wire::TlsContext> tls, bool quiet)
    : environment_(std::move(environment)),
      actor_(std::move(actor)),
      tls_(std::move(tls)),
      quiet_(quiet),
      listener_(environment_.executor, environment_.deadlines, std::move(socket)),
      endpoint_(listener_.local_endpoint()),
      tasks_(environment_.executor, environment_.log) {}

void Listening::start(Serve serve) {
  serve_ = std::move(serve);
  tasks_.spawn(accept_all(shared_from_this()));
}

void Listening::stop() {
  if (std::exchange(stopped_, true)) return;
  listener_.close();
  reset_open();
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

net::Task<void> Listening::accept_all(std::shared_ptr<Listening> self) {
  while (!self->stopped_) {
    auto accepted = co_await self->listener_.accept();
    if (!accepted || self->stopped_) co_return;
    const auto connection = std::make_shared<Connection>(self->environment_, self->actor_,
                                                         self->next_++, std::move(*accepted));
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
