#include "reference/relay/raw.h"

#include "reference/net/pump.h"
#include "reference/relay/http_events.h"

namespace sallyport::relay {
namespace {

// What a newer generation is asked about; lives in relay_raw()'s frame.
struct Standing {
  const Services& services;
  Grant& grant;
  net::ByteStream& client;
  net::ByteStream& upstream;
  const RawOptions& options;

  // Ends the relay where the generation that decides now doesn't allow it.
  void judge() {
    const Grant before = grant;
    const bool allowed =
        renew(grant, services.generations) && (!options.allowed || options.allowed(grant));
    if (allowed) return;
    services.audit.emit(policy_changed_event(before, services.generations.current()->number));
    client.close();
    upstream.close();
  }
};

}  // namespace

net::Task<void> relay_raw(const Services& services, Grant grant, net::ByteStream& client,
                          net::ByteStream& upstream, RawOptions options) {
  Standing standing{services, grant, client, upstream, options};
  const auto changed = [&standing] { standing.judge(); };
  const GenerationNews::Watch watch(services.generations.news(), changed);
  standing.judge();
  net::RelayOptions pump;
  pump.idle = grant.limits().tunnel_idle;
  pump.early_to_b = options.early;
  const net::PumpEnd end =
      co_await net::relay(client, upstream, pump, services.clock, services.buffers);
  // A client that resets is everyday life; an upstream that does is worth an event.
  if (end.cause == net::PumpEnd::Cause::broken && !end.by_a) {
    services.audit.emit(relay_failed_event(grant, end.error.message()));
  }
}

}  // namespace sallyport::relay
