// The parameters of a query as rules see them: `a=b&c`, `+` a space, `%XX` an octet. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::policy {

using Parameters = std::vector<std::pair<std::string, std::string>>;  // in the order of the query

// `query` verbatim, without the `?`. A parameter without `=` has the value ``; nothing between two
// `&` is no parameter. Nothing is returned of a query with a bad escape, or one that holds NUL or
// bytes that aren't UTF-8 once decoded.
[[nodiscard]] std::optional<Parameters> decode_query(std::string_view query);

}  // namespace sallyport::policy
