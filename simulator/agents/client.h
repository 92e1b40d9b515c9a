// The built-in client: performs one `request`, `raw` or `websocket` exchange as the scenario
// reference describes it and tells its facts (section 12). One step uses it at a time per context;
// several contexts may run on the loop at once. Never decides what should have happened.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/byte_stream.h"
#include "reference/net/executor.h"
#include "simulator/agents/spec.h"

namespace sallyport::net {
class Clock;
}
namespace sallyport::sim::journal {
class Journal;
}
namespace sallyport::sim::wire {
class TlsContext;
}

namespace sallyport::sim::agents {

struct ClientConnection;  // of the pool: the stream, its tunnel and what it is bound to

// How a connect ended: a stream, or an errno (ETIMEDOUT when time ran out: see `expired`).
struct Dialled {
  std::unique_ptr<net::ByteStream> stream;
  int error = 0;         // errno
  bool expired = false;  // our time ran out
};

// How a name was resolved: addresses, or why none.
struct Resolved {
  std::vector<net::IpAddress> addresses;
  std::string rcode;  // `NOERROR`, `NXDOMAIN`, `SERVFAIL` ...; empty when nobody answered
};

struct Via {
  std::string name;  // the actor: a supervisor or a proxy
  net::Endpoint endpoint;
};

// Connections that steps keep by name (`connection: NAME`), and the names of all for the journal.
// Destruction resets what is kept.
class ConnectionPool {
 public:
  ConnectionPool();
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Takes the connection out; null when there is none of that name.
  [[nodiscard]] std::unique_ptr<ClientConnection> take(const std::string& name);
  void put(const std::string& name, std::unique_ptr<ClientConnection> connection);
  // Ends a kept connection in good order, if there is one of that name.
  void close(const std::string& name);
  // Resets all.
  void clear();
  // What the next connection that a step opens is called: STEP#1, STEP#2 ...
  [[nodiscard]] std::string next_id(const std::string& step);

 private:
  std::map<std::string, std::uint64_t> opened_;  // by step
  std::map<std::string, std::unique_ptr<ClientConnection>> kept_;
};

// What a step's exchange needs. The world owns what is referred to; it must outlive perform().
struct ClientContext {
  std::string step;
  std::string nonce;  // step.nonce: in the User-Agent, and what `size` bodies grow from
  journal::Journal& journal;
  net::Clock& clock;
  net::Executor executor;
  // Makes a socket in the `from` host and dials.
  std::function<net::Task<Dialled>(net::Endpoint to, base::TimePoint deadline)> connect;
  // Asks the name server as the `from` host would (its hosts file first). Never given a literal.
  std::function<net::Task<Resolved>(std::string name, base::TimePoint deadline)> resolve;
  std::optional<Via> via;  // none: direct
  // Whom to trust: the sandbox CA where there is a `via`, else the world's CA.
  std::shared_ptr<wire::TlsContext> trust;
  // The actor that listens there; empty when none is known. May be null. For answered_by.
  std::function<std::string(const net::Endpoint&)> actor_at;
  ConnectionPool* pool = nullptr;  // where `connection` is looked up; null: never kept
  base::Duration timeout{0};       // of the whole exchange
  std::string from;                // the host, for events' `from`-like reports; informative
};

// One exchange: journals `response`, `sse` and `outcome` events of the step (each with the `nonce`
// of the exchange), never `start` or `done` (the runner's, around `repeat` and `retry`). Variables
// in `spec` are expanded already. The facts are those of the `outcome`, `class` among them;
// `attempts` and `exchanges` are the runner's to overwrite (1 here).
[[nodiscard]] net::Task<Facts> perform(RequestSpec spec, ClientContext& context);
// The same for a script of octets: a `response` for each answer that comes, and the facts of the
// last. And for a WebSocket: a `response`, a `message` for each that is received. `unmet` in the
// outcome says which move of a script couldn't be done.
[[nodiscard]] net::Task<Facts> perform(RawSpec spec, ClientContext& context);
[[nodiscard]] net::Task<Facts> perform(WebSocketSpec spec, ClientContext& context);

}  // namespace sallyport::sim::agents
