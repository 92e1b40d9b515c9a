#include "simulator/agents/client.h"

#include "simulator/agents/raw_exchange.h"
#include "simulator/agents/request_exchange.h"
#include "simulator/agents/websocket_exchange.h"
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

std::string ConnectionPool::next_id(const std::string& step) {
  return step + "#" + std::to_string(++opened_[step]);
}

void ConnectionPool::clear() { kept_.clear(); }

namespace {

Facts told(ClientContext& context, const Seen& seen) {
  Facts facts = facts_of(seen);
  journal::Event event;
  event.source = context.step;
  event.source_type = "step";
  event.step = context.step;
  event.kind = "outcome";
  event.connection = seen.connection;
  event.fields = facts;
  event.fields["nonce"] = context.nonce;
  context.journal.append(std::move(event));
  return facts;
}

// The exchange is over, its connection put back or gone, before its outcome is told.
template <class Made, class Spec>
net::Task<Seen> made(Spec spec, ClientContext& context) {
  Made exchange(std::move(spec), context);
  co_return co_await exchange.run();
}

}  // namespace

net::Task<Facts> perform(RequestSpec spec, ClientContext& context) {
  const Seen seen = co_await made<RequestExchange>(std::move(spec), context);
  co_return told(context, seen);
}

net::Task<Facts> perform(RawSpec spec, ClientContext& context) {
  const Seen seen = co_await made<RawExchange>(std::move(spec), context);
  co_return told(context, seen);
}

net::Task<Facts> perform(WebSocketSpec spec, ClientContext& context) {
  const Seen seen = co_await made<WebSocketExchange>(std::move(spec), context);
  co_return told(context, seen);
}

}  // namespace sallyport::sim::agents
