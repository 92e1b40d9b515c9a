// A middleware entry's config between its two forms: canonical JSON (as a policy holds it) and
// google.protobuf.Struct (as it travels). Pure.
#pragma once

#include <string>

#include "reference/policy/config_struct.h"

namespace sallyport::middleware {

using policy::struct_from_json;
// Canonical: keys sorted, no whitespace, numbers as policy::write_number has them.
[[nodiscard]] std::string json_from_struct(const google::protobuf::Struct& config);

}  // namespace sallyport::middleware
