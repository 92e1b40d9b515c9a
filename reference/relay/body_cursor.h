// Where a body ends among the bytes that arrive, by its framing alone. The octets after that end
// belong to somebody else and are never taken. Pure; holds no payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/chunk_scanner.h"
#include "reference/http/framing.h"

namespace sallyport::relay {

class BodyCursor {
 public:
  BodyCursor(const http::Framing& framing, const http::ChunkLimits& limits);

  // How many octets from the front of `input` are this body's. Don't call after done() or an error.
  // Errors: those of chunked bodies (http::HttpErrc).
  [[nodiscard]] base::Result<std::size_t> take(std::string_view input);

  // The body's last octet was taken. A body that lasts until the connection ends is never done.
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool until_close() const { return kind_ == http::BodyKind::until_close; }

 private:
  http::BodyKind kind_;
  std::uint64_t left_ = 0;
  http::ChunkScanner chunks_;
  bool done_ = false;
};

// As BodyCursor, handing out the payload without its chunks: for who reads a body instead of
// passing it on.
class PayloadCursor {
 public:
  PayloadCursor(const http::Framing& framing, const http::ChunkLimits& limits);

  struct Piece {
    std::size_t consumed = 0;  // of the input
    std::string_view payload;  // among them; may be empty
  };
  // Takes up to one piece of payload from the front of `input`; call again with what is left until
  // it is empty or done() is true. Errors as BodyCursor::take().
  [[nodiscard]] base::Result<Piece> next(std::string_view input);
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool until_close() const { return kind_ == http::BodyKind::until_close; }

 private:
  http::BodyKind kind_;
  std::uint64_t left_ = 0;
  http::ChunkScanner chunks_;
  bool done_ = false;
};

}  // namespace sallyport::relay
