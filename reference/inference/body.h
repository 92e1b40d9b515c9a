// Forces the model of a JSON request by replacing that value alone: the rest of the body stays
// octet for octet (signatures, key order, number spellings). Memory of the parser doesn't grow
// with nesting by recursion. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/inference/errors.h"

namespace sallyport::inference {

// A text in pieces, ready for a gathered write; views into the client's body and the model.
struct SplicedBody {
  std::vector<std::string_view> pieces;  // none is empty
  std::uint64_t bytes = 0;               // of all pieces
  [[nodiscard]] std::string to_string() const;
};

// Every top-level member called `model`, however the key is escaped and in whatever ASCII case (Go
// upstreams read `Model` as `model`), gets the value `model_json`; without one that is exactly
// `model`, it is put first. Both arguments must outlive the result.
// Error: body_not_object (not JSON, not an object, not UTF-8, bytes after it, over 512 levels deep,
// over 64 members called `model`).
[[nodiscard]] base::Result<SplicedBody> force_model(std::string_view body,
                                                    std::string_view model_json);

}  // namespace sallyport::inference
