// The world's name server: 127.0.0.53:53 over UDP and TCP in every host whose resolver is `world`,
// one zone for all. Answers with TTL 0 and journals each query. On the world's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/base/result.h"
#include "reference/net/executor.h"
#include "simulator/topology/spec.h"

namespace sallyport::net {
class Deadlines;
}
namespace sallyport::sim::journal {
class Journal;
}

namespace sallyport::sim::topology {

class Hosts;

class NameServer {
 public:
  // Journals `query` events of source `dns`: name, type, rcode (empty when silent), answer
  // (addresses, blanks between), transport, and `from`, the host that asked.
  NameServer(net::Executor executor, net::Deadlines& deadlines, journal::Journal& journal,
             Zone zone);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  // Binds in every host that wants it. Once.
  [[nodiscard]] base::Result<void> start(const Hosts& hosts);
  void stop();

  // How the journal tells the step that caused a query: by the name asked for, or the host; set by
  // the runner. May stay null.
  void set_step_of(std::function<std::string(const std::string& name, const std::string& host)> f);

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::topology
