// What a world hands to its fake upstreams and decoys: the loop, the journal, keys and names. The
// world owns everything here, and outlives every actor: after stop() it lets the loop turn until
// the actor's coroutines have ended, and only then lets go of the journal.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/dialer.h"
#include "reference/net/executor.h"
#include "simulator/journal/query.h"

namespace sallyport::base {
class Log;
}
namespace sallyport::net {
class Clock;
class Deadlines;
}  // namespace sallyport::net
namespace sallyport::sim::journal {
class Journal;
}
namespace sallyport::sim::wire {
class Authority;
}

namespace sallyport::sim::providers {

struct Environment {
  net::Executor executor;
  net::Deadlines& deadlines;
  net::Clock& clock;
  journal::Journal& journal;
  base::Log& log;
  const wire::Authority& authority;
  // Values of credentials, by name (canaries).
  std::map<std::string, std::string> keys;
  // The host at the other end of a connection; empty when unknown. May be null.
  std::function<std::string(const net::Endpoint&)> host_of;
  // The step that octets belong to, by a nonce in them, else by the caller's own fallback; empty
  // when it can't be told. May be null.
  std::function<std::string(std::string_view bytes)> step_of;
  // The nonce in octets, for $(request.nonce) where the User-Agent has none; empty when there is
  // none. May be null.
  std::function<std::string(std::string_view bytes)> nonce_of;
  // Variables in answers that aren't `request.*`. May be null.
  journal::Lookup lookup;
  // Multiplies every delay and pace.
  double slow = 1.0;
  // Of a proxy: the addresses of a name, as its host finds them; empty when there are none. Null:
  // it knows no names.
  std::function<net::Task<std::vector<net::IpAddress>>(std::string name, base::TimePoint deadline)>
      resolve{};
  // Of a proxy: makes the sockets that it dials with, in its own host. Null: in the caller's.
  net::SocketFactory sockets{};
};

}  // namespace sallyport::sim::providers
