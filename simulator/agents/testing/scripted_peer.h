// A peer on loopback that does what it is told, octet by octet, on each connection: for tests of
// what the client makes of it. For tests only; single-threaded.
#pragma once

#include <string>
#include <vector>

#include "reference/net/event.h"
#include "reference/net/listener.h"
#include "reference/net/task_group.h"
#include "simulator/agents/testing/client_bench.h"

namespace sallyport::sim::agents::testing {

struct Act {
  enum class Kind {
    send,
    expect,   // until `bytes` have come
    upgrade,  // until a request's head has come; then a 101 for its key, and `bytes`, in one write
    fin,
    reset,
    hold,  // reads on until the client ends
  };
  Kind kind = Kind::send;
  std::string bytes;
  std::string extra{};  // upgrade: further header lines
};

class ScriptedPeer {
 public:
  ScriptedPeer(ClientBench& bench, std::vector<Act> acts);
  ~ScriptedPeer();

  [[nodiscard]] net::Endpoint endpoint() const { return listener_.local_endpoint(); }
  [[nodiscard]] std::string url(const std::string& scheme = "http") const;
  [[nodiscard]] Via via() const { return Via{"proxy", endpoint()}; }
  // All that came, of all connections.
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] const std::vector<std::size_t>& reads() const { return reads_; }  // their sizes
  // Turns the loop until every connection has been played to its end.
  void settle();

 private:
  net::Task<void> accept_all();
  net::Task<void> play(std::unique_ptr<net::TcpStream> client);
  // Until `text` has come after `from`; false at the end. `from` moves behind it.
  net::Task<bool> await(net::TcpStream& client, std::string text, std::size_t& from);

  ClientBench& bench_;
  std::vector<Act> acts_;
  std::string received_;
  std::vector<std::size_t> reads_;
  std::size_t open_ = 0;
  net::TcpListener listener_;
  net::TaskGroup tasks_;
};

}  // namespace sallyport::sim::agents::testing
