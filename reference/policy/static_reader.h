// Reads the sections that hold for a sandbox's whole life: `filesystem_policy`, `landlock`,
// `process`. Part of the loader: nobody else includes this.
#pragma once

#include <cstddef>

#include "reference/policy/endpoint_reader.h"

namespace sallyport::policy {

inline constexpr std::size_t kFilesystemPathsMax = 256;  // of both lists together
inline constexpr std::size_t kPathBytesMax = 4096;

[[nodiscard]] StaticSections read_static_sections(base::yaml::MapReader& document,
                                                  const Notes& notes);

// What is wrong with the absolute path of a file or a program, or nothing.
[[nodiscard]] std::optional<std::string> path_fault(std::string_view path);

}  // namespace sallyport::policy
