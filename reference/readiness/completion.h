// The text of a chat completion. Pure; the JSON is whoever's answered, of any depth.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::readiness {

// What the choices of an answer say, joined; parts of type text count, errors and what else is in
// the answer don't. Nothing when it isn't the JSON of a completion.
[[nodiscard]] std::optional<std::string> completion_text(std::string_view json);

}  // namespace sallyport::readiness
