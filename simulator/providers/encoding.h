// Content codings of answers: gzip, br, zstd. Pure; internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

// One body, piece by piece.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // The octets with which a reader has all of `text`: every piece is flushed.
  [[nodiscard]] virtual std::string put(std::string_view text) = 0;
  // What ends the body. Once, and the last call.
  [[nodiscard]] virtual std::string finish() = 0;

  [[nodiscard]] static std::unique_ptr<Encoder> make(Answer::Encoding encoding);
};

// A whole body.
[[nodiscard]] std::string encoded(Answer::Encoding encoding, std::string_view body);
// For Content-Encoding; empty for identity.
[[nodiscard]] std::string_view name_of(Answer::Encoding encoding);

}  // namespace sallyport::sim::providers
