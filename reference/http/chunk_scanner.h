// Finds the exact end of a chunked body while it arrives, octet by octet, and hands out its
// payload as views. Never takes an octet that belongs to the next message (OpenShell l7/rest.rs
// forwards those unevaluated). Holds no payload: memory is bounded by ChunkLimits. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/error.h"

namespace sallyport::http {

struct ChunkLimits {
  std::uint64_t line_bytes_max = 256;      // size, extensions and CRLF of one chunk
  std::uint64_t trailer_bytes_max = 8192;  // all trailer lines; 0 refuses any trailer
  std::uint64_t chunks_max = UINT64_MAX;   // chunks with data
};

class ChunkScanner {
 public:
  explicit ChunkScanner(ChunkLimits limits = {}) : limits_(limits) {}

  struct Step {
    std::size_t consumed = 0;  // octets of the input that belong to this body: forward these
    std::string_view payload;  // decoded octets among them, a view into the input; may be empty
    bool done = false;         // the body ended with the last octet consumed
  };

  // Takes from the front of `input`, up to one piece of payload. Call again with what is left until
  // it is empty or the step is `done`. A step that isn't done consumes at least one octet of a
  // non-empty input. After an error or `done`, don't call again.
  [[nodiscard]] base::Result<Step> next(std::string_view input);

  [[nodiscard]] bool done() const { return state_ == State::done; }
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, done };

  base::Error take(char octet);
  base::Error take_size(char octet);
  base::Error take_extension(char octet);
  base::Error take_size_lf(char octet);
  base::Error take_trailer(char octet);
  base::Error take_trailer_lf(char octet);

  ChunkLimits limits_;
  State state_ = State::size;
  std::uint64_t size_ = 0;  // announced by the line being read, then what is left of the data
  std::uint64_t line_bytes_ = 0;
  std::uint64_t trailer_bytes_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t wire_bytes_ = 0;
  bool has_digit_ = false;
  std::string trailer_;  // the trailer line being read
};

// --- writing chunks
// -------------------------------------------------------------------------------

// `1f\r\n`: stands before `bytes` octets (at least one) and kChunkEnd after them.
struct ChunkHeader {
  char text[18];
  std::size_t size = 0;
  [[nodiscard]] std::string_view view() const { return std::string_view(text, size); }
};
[[nodiscard]] ChunkHeader chunk_header(std::uint64_t bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sallyport::http
