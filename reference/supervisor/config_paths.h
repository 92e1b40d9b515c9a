// Paths as the configuration file writes them. Of this module alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/yaml.h"

namespace sallyport::supervisor {

// A path of the file, made absolute against the file's folder.
[[nodiscard]] std::string resolve_path(const std::string& config_file, const std::string& path);

// The path under `key`, whose file must be readable now, so that a typing mistake shows at --check.
// Nothing when the key is absent; complains about a file that can't be read.
[[nodiscard]] std::optional<std::string> readable_path(base::yaml::MapReader& map,
                                                       std::string_view key);

}  // namespace sallyport::supervisor
