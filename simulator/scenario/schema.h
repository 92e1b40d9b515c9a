// The JSON Schema of a scenario, for editors: made from the loader's own tables (keys.h), so that
// it can't tell otherwise. Draft 7, the one that yaml-language-server serves best. It knows less
// than the loader: names that must exist, witnesses that a count needs, variables. Pure.
#pragma once

#include <string>

namespace sallyport::sim::scenario {

// Indented JSON with a last newline; the same text each time.
[[nodiscard]] std::string json_schema();

}  // namespace sallyport::sim::scenario
