#include "reference/relay/payload.h"

#include <algorithm>

namespace sallyport::relay {
namespace {

// Takes what the inlet holds. False: `payload` says what is wrong.
bool take_available(Inlet& inlet, PayloadCursor& cursor, std::uint64_t bytes_max,
                    Payload& payload) {
  while (!cursor.done() && !inlet.bytes().empty()) {
    const auto piece = cursor.next(inlet.bytes());
    if (!piece) {
      payload.what = Payload::What::malformed;
      payload.error = piece.error();
      return false;
    }
    if (payload.body.size() + piece->payload.size() > bytes_max) {
      payload.what = Payload::What::too_large;
      return false;
    }
    payload.body.append(piece->payload);
    inlet.consume(piece->consumed);
  }
  return true;
}

}  // namespace

net::Task<Payload> read_payload(Inlet& inlet, PayloadCursor& cursor, PayloadBounds bounds,
                                const base::Clock& clock) {
  Payload payload;
  while (take_available(inlet, cursor, bounds.bytes_max, payload) && !cursor.done()) {
    inlet.stream().set_deadline(std::min(clock.now() + bounds.idle, bounds.until));
    const Io io = co_await inlet.fill();
    if (io == Io::ok) continue;
    const bool whole = io == Io::end && cursor.until_close();
    if (!whole) {
      payload.what = io == Io::expired ? Payload::What::late : Payload::What::broken;
    }
    break;
  }
  co_return payload;
}

}  // namespace sallyport::relay
