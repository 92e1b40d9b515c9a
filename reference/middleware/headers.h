// Header fields between a request's head and the stages: what a stage may see, which changes it may
// ask for, and those changes made to the real head. Pure.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/headers.rs and
// crates/openshell-supervisor-network/src/l7/middleware.rs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace google::protobuf {
template <class T>
class RepeatedPtrField;
}
namespace openshell::middleware::v1 {
class HeaderMutation;
}
namespace sallyport::http {
class Fields;
}

namespace sallyport::middleware {

using HeaderLines = std::vector<std::pair<std::string, std::string>>;

// One change to the raw head, in the order in which stages asked for them.
struct HeaderMutation {
  enum class Kind { append, overwrite, skip, remove };
  Kind kind = Kind::append;
  std::string name;  // lower case
  std::string value;

  friend bool operator==(const HeaderMutation&, const HeaderMutation&) = default;
};

// A field that no stage sees, writes or removes: credentials, routing, framing, hop-by-hop. `name`
// in lower case.
[[nodiscard]] bool is_protected(std::string_view name);

struct VisibleHeaders {
  HeaderLines lines;                   // lower-cased names, trimmed values, order of the wire
  std::vector<std::string> nominated;  // what Connection names, lower case; it isn't in `lines`
};

// Of a head that parse_request_head() has accepted, so that nothing in it is malformed.
[[nodiscard]] VisibleHeaders visible_headers(const http::Fields& fields);

// Makes every change that a stage asks for to `lines`, and adds them to `replay`; or none of them,
// and says the code of the first that may not be (`header_mutation_...`).
[[nodiscard]] std::optional<std::string_view> apply_mutations(
    const google::protobuf::RepeatedPtrField<openshell::middleware::v1::HeaderMutation>& wanted,
    const std::vector<std::string>& nominated, HeaderLines& lines,
    std::vector<HeaderMutation>& replay);

// A whole head (request line to CRLFCRLF) after the changes. Lines that no change names stay byte
// for byte; what is added stands at the end, its name in lower case.
[[nodiscard]] std::string replay_mutations(std::string_view head,
                                           const std::vector<HeaderMutation>& mutations);

}  // namespace sallyport::middleware
