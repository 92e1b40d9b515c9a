#include "reference/http/framing.h"

#include <optional>

#include "reference/http/text.h"

namespace sallyport::http {
namespace {

// Digits alone, at most 2^63 - 1: room for sums that can't wrap.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return value;
}

struct Declared {
  std::optional<std::uint64_t> length;
  bool chunked = false;
};

base::Result<Declared> declared(const Fields& fields, int version_minor) {
  Declared out;
  std::size_t encodings = 0;
  for (const Field& field : fields) {
    if (equal_ignoring_case(field.name, "transfer-encoding")) {
      out.chunked = equal_ignoring_case(field.value, "chunked");
      if (++encodings > 1 || !out.chunked) return HttpErrc::bad_encoding;
    } else if (equal_ignoring_case(field.name, "content-length")) {
      const auto length = parse_length(field.value);
      if (!length) return HttpErrc::bad_length;
      if (out.length && *out.length != *length) return HttpErrc::differing_lengths;
      out.length = length;
    }
  }
  if (out.chunked && out.length) return HttpErrc::length_and_encoding;
  // Somebody who speaks HTTP/1.0 can't have meant it (RFC 9112 6.1).
  if (out.chunked && version_minor == 0) return HttpErrc::bad_encoding;
  return out;
}

}  // namespace

base::Result<Framing> request_framing(const RequestHead& head) {
  const auto found = declared(head.fields, head.version_minor);
  if (!found) return found.error();
  if (found->chunked) return Framing{BodyKind::chunked, 0};
  if (found->length) return Framing{BodyKind::length, *found->length};
  return Framing{BodyKind::none, 0};
}

base::Result<Framing> answer_framing(std::string_view request_method, unsigned status,
                                     int version_minor, const Fields& fields) {
  const auto found = declared(fields, version_minor);
  if (!found) return found.error();
  const bool bodiless = request_method == "HEAD" || status < 200 || status == 204 || status == 304;
  const bool tunnel = request_method == "CONNECT" && status >= 200 && status < 300;
  if (bodiless || tunnel) return Framing{BodyKind::none, 0};
  if (found->chunked) return Framing{BodyKind::chunked, 0};
  if (found->length) return Framing{BodyKind::length, *found->length};
  return Framing{BodyKind::until_close, 0};
}

}  // namespace sallyport::http
