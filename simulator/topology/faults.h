// Faults made of packets: a listener that refuses, vanishes or resets, and who ran into it. Owned
// by the world, on its loop; no fault outlives this. The target itself is not asked: a light actor,
// a process, a frozen one and nobody at all are the same to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"

namespace sallyport::linux {
class PacketFilter;
}

namespace sallyport::sim::topology {

struct PacketFault {
  enum class Kind {
    watch,      // changes nothing: for faults that others make (frozen), to tell who ran into them
    attempts,   // changes nothing, tells SYNs alone: for listeners that are down
    refused,    // RST to everything; what is open gets it at its next packet
    filtered,   // packets of new connections vanish
    blackhole,  // every packet vanishes, both ways
    reset,      // connections are made; RST to the payload over `offset`
  };
  int net_namespace = -1;  // the listener's host; -1: the world's own
  net::Endpoint listener;  // 0.0.0.0: every address of the host
  Kind kind = Kind::watch;
  std::uint64_t offset = 0;
};

// Once a connection: its SYN, or its first payload when it was open before the fault began.
struct PacketHit {
  net::Endpoint peer;
  bool opening = false;  // a SYN; with refused, filtered, blackhole: a stopped attempt
  base::TimePoint at{};
};

class Faults {
 public:
  using OnHit = std::function<void(const PacketHit&)>;

  Faults(net::Executor executor, const base::Clock& clock);
  ~Faults();  // lifts all, and tells nobody anything more
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // In force when it returns. `name` (of the step, say) must not be in use (CHECK). `on_hit` is
  // called from the loop, or from drain() and lift(); it may begin and lift faults; may be null.
  [[nodiscard]] base::Result<void> begin(const std::string& name, const PacketFault& fault,
                                         OnHit on_hit);
  // What it touched before is told first. False when there is no such fault.
  bool lift(const std::string& name);
  void lift_all();
  [[nodiscard]] bool active(const std::string& name) const;

  // Tells at once all hits so far: what a peer ran into is told before its outcome is.
  void drain();
  // Whether any hit was lost since this was made: more came than the kernel keeps to be told.
  [[nodiscard]] bool lost() const { return *lost_; }

 private:
  class Watch;
  [[nodiscard]] base::Result<std::shared_ptr<linux::PacketFilter>> filter_of(int net_namespace);
  net::Executor executor_;
  const base::Clock& clock_;
  std::shared_ptr<bool> lost_ = std::make_shared<bool>(false);
  // By the namespace's inode; 0 is the world's own.
  std::map<std::uint64_t, std::shared_ptr<linux::PacketFilter>> filters_;
  std::map<std::string, std::shared_ptr<Watch>> watches_;
};

}  // namespace sallyport::sim::topology
