// Subjects on the command line: `--subject FILE` of `run`, and `sallyport subject FILE`, which
// checks descriptions and tells what their subjects can't do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/subject/description.h"

namespace sallyport::sim::app {

// Each a file, or `reference`; nothing, after complaints on stderr, when one can't be used or two
// have the same name.
[[nodiscard]] std::optional<std::vector<subject::Description>> load_subjects(
    const std::vector<std::string>& named);

// The program's exit code.
[[nodiscard]] int show_subjects(const std::vector<std::string>& named);

}  // namespace sallyport::sim::app
