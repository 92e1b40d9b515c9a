// The world's name server: 127.0.0.53:53 over UDP and TCP in every host whose resolver is `world`,
// one zone for all, which steps may change and faults may overrule. Answers with TTL 0 and journals
// each query. What isn't one question of the Internet's class is refused. On the world's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/clock.h"
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

// What the name server answers instead, as long as it lasts.
struct DnsFault {
  enum class Kind {
    nxdomain,
    servfail,
    silent,     // no answer
    wrong_id,   // the answer has another id than its query
    truncated,  // over UDP: no records and TC; over TCP nothing is changed
  };
  Kind kind = Kind::nxdomain;
  std::string name;  // lower case, without a last dot; empty: every query
};

class NameServer {
 public:
  // Journals `query` events of source `dns`: name, type, rcode (empty when silent), answer
  // (addresses, blanks between), transport, and `from`, the host that asked. What couldn't be read
  // has neither name nor type.
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

  // In force for the next query. Names that are set anew begin their sequences anew.
  void change(const Zone& merged, const std::vector<std::string>& removed);

  // Once for each query that a fault changed the answer of, after it was journalled.
  struct Hit {
    std::string host;  // who asked
    std::string step;  // as step_of tells
    base::TimePoint at{};
  };
  using OnHit = std::function<void(const Hit&)>;
  // In force for the next query. `fault_name` must not be in use (CHECK). Of several that fit, the
  // latest counts. May be begun and lifted from within `on_hit`, which may be null.
  void begin_fault(const std::string& fault_name, DnsFault fault, OnHit on_hit);
  // False when there is no such fault.
  bool lift_fault(const std::string& fault_name);

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::topology
