// Hops: what stands between the peers of one listening endpoint and the listener while a fault
// lasts, and is late, slow, or ends connections. New connections are led to it by the packet filter
// of the listener's host; it leads them on with the peer's own address and port, so that neither
// end sees anybody but the other. What was open before is left as it is. Owned by the world, on its
// loop; the listener itself is not asked: a light actor and a process are the same to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"

namespace sallyport::net {
class Deadlines;
}

namespace sallyport::sim::topology {

// How a hop ends a connection.
enum class HopEnd {
  reset,  // both ends get RST, after what is on its way to the client
  fin,    // both ends get FIN; what they still send is thrown away
  stall,  // nothing passes any more, and nothing is closed, not even when the fault is lifted
};

// What a hop does to each connection. Nothing of it: passes everything on as it comes.
struct Impairment {
  base::Duration delay{0};            // of octets and ends, one way; connecting isn't delayed
  std::optional<std::uint64_t> rate;  // octets a second, each way
  // After so many octets of the listener's were handed to the client; 0: in place of the first.
  struct Cut {
    std::uint64_t offset = 0;
    HopEnd how = HopEnd::reset;
  };
  std::optional<Cut> cut;
  // Once no octet has passed either way for so long.
  struct IdleCut {
    base::Duration silence{0};
    HopEnd how = HopEnd::reset;
  };
  std::optional<IdleCut> idle_cut;
};

struct HopFault {
  int net_namespace = -1;  // the listener's host
  net::Endpoint listener;  // 0.0.0.0: every address of IPv4, [::]: of both families
  Impairment impairment;
};

// Once a connection: when it was cut, or, without any kind of cut, at its first octet.
struct HopHit {
  net::Endpoint peer;
  base::TimePoint at{};
};

class Hops {
 public:
  using OnHit = std::function<void(const HopHit&)>;

  // The deadlines must outlive this object.
  Hops(net::Executor executor, net::Deadlines& deadlines);
  ~Hops();  // stop()
  Hops(const Hops&) = delete;
  Hops& operator=(const Hops&) = delete;

  // In force for all that connects once it returns. `name` (of the step, say) must not have been
  // used before (CHECK). Several on one listener stand one behind the other. `on_hit` is called
  // from the loop; may be null. Errors are those of reference/linux, or errno's.
  [[nodiscard]] base::Result<void> begin(const std::string& name, const HopFault& fault,
                                         OnHit on_hit);
  // New connections go straight to the listener again; those that came through the hop go on
  // through it, unimpaired. Nothing is told any more. False when there is no such fault.
  bool lift(const std::string& name);
  void lift_all();
  [[nodiscard]] bool active(const std::string& name) const;
  // Connections that go through hops now, lifted ones included.
  [[nodiscard]] std::size_t connections() const;
  // Lifts all and resets what still goes through. Nothing may begin afterwards.
  void stop();

 private:
  class Hop;
  net::Executor executor_;
  net::Deadlines& deadlines_;
  std::uint32_t begun_ = 0;
  std::map<std::string, std::shared_ptr<Hop>> hops_;
};

}  // namespace sallyport::sim::topology
