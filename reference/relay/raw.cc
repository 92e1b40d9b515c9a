#include "reference/relay/raw.h"

#include "reference/net/pump.h"
#include "reference/relay/http_events.h"

namespace sallyport::relay {

net::Task<void> relay_raw(const Services& services, const Grant& grant, net::ByteStream& client,
                          net::ByteStream& upstream) {
  net::RelayOptions options;
  options.idle = grant.limits().tunnel_idle;
  const net::PumpEnd end =
      co_await net::relay(client, upstream, options, services.clock, services.buffers);
  // A client that resets is everyday life; an upstream that does is worth an event.
  if (end.cause == net::PumpEnd::Cause::broken && !end.by_a) {
    services.audit.emit(relay_failed_event(grant, end.error.message()));
  }
}

}  // namespace sallyport::relay
