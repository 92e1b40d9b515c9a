// The opaque tunnel: bytes both ways, nothing read into them.
#pragma once

#include "reference/net/byte_stream.h"
#include "reference/relay/http.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

// Ends both streams. Silence is bounded by Limits::tunnel_idle.
[[nodiscard]] net::Task<void> relay_raw(const Services& services, const Grant& grant,
                                        net::ByteStream& client, net::ByteStream& upstream);

}  // namespace sallyport::relay
