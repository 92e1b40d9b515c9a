// Work for a client that nothing but its own answer would notice the loss of: as long as it runs,
// a client that breaks its connection cancels it at once. One that only ended its direction is
// there still, and waits.
#pragma once

#include "reference/net/byte_stream.h"

namespace sallyport::relay {

// Ends when `work` has ended, which may use references to what the caller owns. False: the client
// was lost, and what `work` waited for was cancelled. A cancellation of the caller reaches it too.
[[nodiscard]] net::Task<bool> while_connected(net::ByteStream& client, net::Task<void> work);

}  // namespace sallyport::relay
