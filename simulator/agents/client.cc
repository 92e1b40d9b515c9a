#include "simulator/agents/client.h"

#include "simulator/agents/exchange.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::agents {

ConnectionPool::ConnectionPool() = default;
ConnectionPool::~ConnectionPool() = default;

std::unique_ptr<ClientConnection> ConnectionPool::take(const std::string& name) {
  const auto found = kept_.find(name);
  if (found == kept_.end()) return nullptr;
  auto connection = std::move(found->second);
  kept_.erase(found);
  return connection;
}

void ConnectionPool::put(const std::string& name, std::unique_ptr<ClientConnection> connection) {
  kept_.insert_or_assign(name, std::move(connection));
}

void ConnectionPool::close(const std::string& name) {
  const auto connection = take(name);
  if (connection && connection->stream) connection->stream->close();
}

void ConnectionPool::clear() { kept_.clear(); }

net::Task<Facts> perform(RequestSpec spec, ClientContext& context) {
  Facts facts;
  {
    Exchange exchange(std::move(spec), context);
    const Seen seen = co_await exchange.run();
    facts = facts_of(seen);
  }
  journal::Event event;
  event.source = context.step;
  event.source_type = "step";
  event.step = context.step;
  event.kind = "outcome";
  event.fields = facts;
  event.fields["nonce"] = context.nonce;
  context.journal.append(std::move(event));
  co_return facts;
}

}  // namespace sallyport::sim::agents
