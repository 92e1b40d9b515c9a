#include "reference/http/chunk_scanner.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/http/text.h"

namespace sallyport::http {
namespace {

// Fields that frame, route or authorise a message come too late in a trailer (RFC 9110 6.5.1), and
// a reader that merges trailers into its fields would be fooled by them.
bool may_stand_in_trailer(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {
      "transfer-encoding",   "content-length", "host",         "connection",
      "authorization",       "trailer",        "te",           "upgrade",
      "proxy-authorization", "cookie",         "content-type", "content-encoding",
      "proxy-connection",    "keep-alive",     "x-api-key",    "expect"};
  return std::none_of(std::begin(kForbidden), std::end(kForbidden),
                      [name](std::string_view word) { return equal_ignoring_case(name, word); });
}

bool is_trailer(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  return is_token(name) && is_field_value(line.substr(colon + 1)) && may_stand_in_trailer(name);
}

}  // namespace

base::Error ChunkScanner::take_size(char octet) {
  if (++line_bytes_ > limits_.line_bytes_max) return HttpErrc::chunk_line_too_long;
  const int digit = hex_value(octet);
  if (digit >= 0) {
    // Below 2^60, so that no sum of sizes wraps before a limit of the caller is met.
    if (size_ >= (1ULL << 56U)) return HttpErrc::bad_chunk_size;
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
    has_digit_ = true;
    return {};
  }
  if (!has_digit_) return HttpErrc::bad_chunk_size;
  if (octet == ';')
    state_ = State::extension;
  else if (octet == '\r')
    state_ = State::size_lf;
  else
    return HttpErrc::bad_chunk_size;
  return {};
}

base::Error ChunkScanner::take_extension(char octet) {
  if (++line_bytes_ > limits_.line_bytes_max) return HttpErrc::chunk_line_too_long;
  if (octet == '\r')
    state_ = State::size_lf;
  else if (!is_field_value(std::string_view(&octet, 1)))
    return HttpErrc::bad_chunk_size;
  return {};
}

base::Error ChunkScanner::take_size_lf(char octet) {
  if (octet != '\n') return HttpErrc::bad_chunk_size;
  line_bytes_ = 0;
  has_digit_ = false;
  if (size_ == 0) {
    state_ = State::trailer;
    return {};
  }
  if (++chunks_ > limits_.chunks_max) return HttpErrc::too_many_chunks;
  state_ = State::data;
  return {};
}

base::Error ChunkScanner::take_trailer(char octet) {
  if (octet == '\r') {
    state_ = State::trailer_lf;
    return {};
  }
  // At once, not at the line's end: after a bare LF the sender has no more to say.
  if (!is_field_value(std::string_view(&octet, 1))) return HttpErrc::bad_trailer;
  if (++trailer_bytes_ > limits_.trailer_bytes_max) {
    return limits_.trailer_bytes_max == 0 ? HttpErrc::bad_trailer : HttpErrc::trailers_too_long;
  }
  trailer_.push_back(octet);
  return {};
}

base::Error ChunkScanner::take_trailer_lf(char octet) {
  if (octet != '\n') return HttpErrc::bad_trailer;
  if (trailer_.empty()) {
    state_ = State::done;
    return {};
  }
  if (!is_trailer(trailer_)) return HttpErrc::bad_trailer;
  trailer_.clear();
  state_ = State::trailer;
  return {};
}

base::Error ChunkScanner::take(char octet) {
  switch (state_) {
    case State::size:
      return take_size(octet);
    case State::extension:
      return take_extension(octet);
    case State::size_lf:
      return take_size_lf(octet);
    case State::data_cr:
      state_ = State::data_lf;
      return octet == '\r' ? base::Error() : HttpErrc::bad_chunk_end;
    case State::data_lf:
      state_ = State::size;
      return octet == '\n' ? base::Error() : HttpErrc::bad_chunk_end;
    case State::trailer:
      return take_trailer(octet);
    case State::trailer_lf:
      return take_trailer_lf(octet);
    case State::data:
    case State::done:
      break;  // never: data is taken in one piece, done takes nothing
  }
  CHECK(false);
}

base::Result<ChunkScanner::Step> ChunkScanner::next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (const base::Error error = take(input[step.consumed])) return error;
      ++step.consumed;
      ++wire_bytes_;
      continue;
    }
    const std::uint64_t left = input.size() - step.consumed;
    const auto piece = static_cast<std::size_t>(std::min(left, size_));
    step.payload = input.substr(step.consumed, piece);
    step.consumed += piece;
    size_ -= piece;
    payload_bytes_ += piece;
    wire_bytes_ += piece;
    if (size_ == 0) state_ = State::data_cr;
    return step;
  }
  step.done = state_ == State::done;
  return step;
}

ChunkHeader chunk_header(std::uint64_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  CHECK(bytes > 0);  // a chunk of none would end the body
  ChunkHeader header;
  int shift = 60;
  while (((bytes >> static_cast<unsigned>(shift)) & 15U) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) {
    header.text[header.size++] = kDigits[(bytes >> static_cast<unsigned>(shift)) & 15U];
  }
  header.text[header.size++] = '\r';
  header.text[header.size++] = '\n';
  return header;
}

}  // namespace sallyport::http
