// Whether two patterns have a text in common. Pure.
#pragma once

#include <string_view>

namespace sallyport::policy {

// `*` is any run of characters and `?` any one, in both; all else is itself. Time and space are the
// product of the two.
[[nodiscard]] bool stars_overlap(std::string_view one, std::string_view two);

}  // namespace sallyport::policy
