#include "simulator/providers/decoy.h"

#include <fmt/format.h>

#include "simulator/providers/listening.h"

namespace sallyport::sim::providers {

class Decoy::Impl {
 public:
  Impl(DecoySpec given, Environment environment, base::UniqueFd socket)
      : spec(std::move(given)),
        listening(std::make_shared<Listening>(std::move(environment), Actor{spec.name, "decoy"},
                                              spec.listen, std::move(socket), nullptr, false)) {}

  // To the end of each head; other octets are only kept.
  static net::Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
    const std::string body = "decoy " + self->spec.name;
    const std::string answer =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}",
                    body.size(), body);
    while (!connection->broken()) {
      std::string& inbox = connection->inbox();
      if (inbox.find("\r\n\r\n") != std::string::npos) {
        inbox.clear();
        const bool sent = co_await connection->send(answer);
        if (!sent) co_return;
      }
      if (connection->peer_ended()) co_return;
      co_await connection->changed();
    }
  }

  DecoySpec spec;
  std::shared_ptr<Listening> listening;
};

Decoy::Decoy(DecoySpec spec, Environment environment, base::UniqueFd listening)
    : impl_(std::make_shared<Impl>(std::move(spec), std::move(environment), std::move(listening))) {
}

Decoy::~Decoy() { stop(); }

void Decoy::start() {
  impl_->listening->start([impl = impl_](std::shared_ptr<Connection> connection) {
    return Impl::serve(impl, std::move(connection));
  });
}

void Decoy::stop() { impl_->listening->stop(); }

net::Endpoint Decoy::endpoint() const { return impl_->listening->endpoint(); }

void Decoy::stop_listening() { impl_->listening->stop_listening(); }
void Decoy::start_listening(base::UniqueFd listening) {
  impl_->listening->start_listening(std::move(listening));
}
bool Decoy::listens() const { return impl_->listening->listens(); }
void Decoy::freeze() { impl_->listening->freeze(); }
void Decoy::thaw() { impl_->listening->thaw(); }

}  // namespace sallyport::sim::providers
