// A middleware entry's config between its two forms: canonical JSON (as a policy holds it) and
// google.protobuf.Struct (as it travels). Pure.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Struct;
}

namespace sallyport::middleware {

// False, and an empty Struct, unless `json` is an object, nested at most 64 deep.
[[nodiscard]] bool struct_from_json(std::string_view json, google::protobuf::Struct& out);
// Canonical: keys sorted, no whitespace, numbers as policy::write_number has them.
[[nodiscard]] std::string json_from_struct(const google::protobuf::Struct& config);

}  // namespace sallyport::middleware
