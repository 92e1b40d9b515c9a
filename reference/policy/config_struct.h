// The config of a middleware entry as it travels: google.protobuf.Struct, from canonical JSON.
// Pure.
#pragma once

#include <memory>
#include <string_view>

namespace google::protobuf {
class Struct;
}

namespace sallyport::policy {

// False, and an empty Struct, unless `json` is an object, nested at most 64 deep.
[[nodiscard]] bool struct_from_json(std::string_view json, google::protobuf::Struct& out);
// The same to share; null for what is none.
[[nodiscard]] std::shared_ptr<const google::protobuf::Struct> struct_of(std::string_view json);

}  // namespace sallyport::policy
