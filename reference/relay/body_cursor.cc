#include "reference/relay/body_cursor.h"

#include <algorithm>

namespace sallyport::relay {

BodyCursor::BodyCursor(const http::Framing& framing, const http::ChunkLimits& limits)
    : kind_(framing.kind),
      left_(framing.length),
      chunks_(limits),
      done_(kind_ == http::BodyKind::none || (kind_ == http::BodyKind::length && left_ == 0)) {}

base::Result<std::size_t> BodyCursor::take(std::string_view input) {
  switch (kind_) {
    case http::BodyKind::none:
      return 0;
    case http::BodyKind::until_close:
      return input.size();
    case http::BodyKind::length: {
      const std::uint64_t taken = std::min<std::uint64_t>(left_, input.size());
      left_ -= taken;
      done_ = left_ == 0;
      return static_cast<std::size_t>(taken);
    }
    case http::BodyKind::chunked:
      break;
  }
  std::size_t taken = 0;
  while (taken < input.size() && !done_) {
    const auto step = chunks_.next(input.substr(taken));
    if (!step) return step.error();
    taken += step->consumed;
    done_ = step->done;
  }
  return taken;
}

PayloadCursor::PayloadCursor(const http::Framing& framing, const http::ChunkLimits& limits)
    : kind_(framing.kind),
      left_(framing.length),
      chunks_(limits),
      done_(kind_ == http::BodyKind::none || (kind_ == http::BodyKind::length && left_ == 0)) {}

base::Result<PayloadCursor::Piece> PayloadCursor::next(std::string_view input) {
  Piece piece;
  if (kind_ == http::BodyKind::chunked) {
    const auto step = chunks_.next(input);
    if (!step) return step.error();
    done_ = step->done;
    piece.consumed = step->consumed;
    piece.payload = step->payload;
    return piece;
  }
  std::uint64_t taken = kind_ == http::BodyKind::none ? 0 : input.size();
  if (kind_ == http::BodyKind::length) {
    taken = std::min<std::uint64_t>(left_, taken);
    left_ -= taken;
    done_ = left_ == 0;
  }
  piece.consumed = static_cast<std::size_t>(taken);
  piece.payload = input.substr(0, piece.consumed);
  return piece;
}

}  // namespace sallyport::relay
