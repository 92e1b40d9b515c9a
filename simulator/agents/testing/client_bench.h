// The built-in client over loopback, for tests: a bench of fake upstreams, a resolver with a few
// names, and a proxy that behaves as told. For tests only; single-threaded.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "reference/net/listener.h"
#include "reference/net/task_group.h"
#include "simulator/agents/client.h"
#include "simulator/providers/testing/bench.h"

namespace sallyport::sim::agents::testing {

class ClientBench : public providers::testing::Bench {
 public:
  ClientBench();
  ~ClientBench();

  // The context of the next exchanges; tests change it as they like.
  [[nodiscard]] ClientContext context(std::string step = "step");
  [[nodiscard]] Facts perform(const RequestSpec& spec);
  [[nodiscard]] Facts perform(const RequestSpec& spec, ClientContext& with);
  [[nodiscard]] Facts perform(const RawSpec& spec);
  [[nodiscard]] Facts perform(const RawSpec& spec, ClientContext& with);
  [[nodiscard]] Facts perform(const WebSocketSpec& spec);
  [[nodiscard]] Facts perform(const WebSocketSpec& spec, ClientContext& with);
  // GET of a URL, by a step called `step`.
  [[nodiscard]] Facts get(const std::string& url);

  std::map<std::string, Resolved> names;
  ConnectionPool pool;
  base::Duration timeout = std::chrono::seconds{5};

 private:
  [[nodiscard]] net::Task<Dialled> dial(net::Endpoint to, base::TimePoint deadline);
  [[nodiscard]] net::Task<Resolved> look_up(std::string name);
  std::shared_ptr<wire::TlsContext> trust_;
};

// A proxy of one behaviour, for all connections.
class FakeProxy {
 public:
  // To each head: `tunnel` dials the port it names on loopback and relays, after a 200 to CONNECT;
  // else these octets are the answer, and the connection ends.
  FakeProxy(ClientBench& bench, std::string answer);
  ~FakeProxy();

  [[nodiscard]] Via via() const;
  [[nodiscard]] const std::string& first_head() const { return head_; }

 private:
  net::Task<void> accept_all();
  net::Task<void> serve(std::unique_ptr<net::TcpStream> client);

  ClientBench& bench_;
  std::string answer_;
  std::string head_;
  net::TcpListener listener_;
  net::TaskGroup tasks_;
};

// A fact as text; `-` when absent.
[[nodiscard]] std::string fact(const Facts& facts, std::string_view name);

}  // namespace sallyport::sim::agents::testing
