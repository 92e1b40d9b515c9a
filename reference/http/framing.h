// How long a body is, decided from the head alone and refused whenever two readers could disagree.
// Follows OpenShell l7/rest.rs; docs/deviations.md says where we are stricter. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/head.h"

namespace sallyport::http {

enum class BodyKind {
  none,         // the message ends with its head
  length,       // exactly Framing::length octets (possibly 0)
  chunked,      // ChunkScanner finds the end
  until_close,  // answers only
};

struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;
  friend bool operator==(const Framing&, const Framing&) = default;
};

[[nodiscard]] base::Result<Framing> request_framing(const RequestHead& head);

// Of an answer to a request of `request_method` (upper case). Interim answers (1xx), 204, 304 and
// answers to HEAD have no body, yet their framing fields must be sound; a 2xx to CONNECT has none.
[[nodiscard]] base::Result<Framing> answer_framing(std::string_view request_method, unsigned status,
                                                   int version_minor, const Fields& fields);

}  // namespace sallyport::http
