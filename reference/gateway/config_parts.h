// The readers that the gateway's configuration and its command line share: registrations, and the
// files that a configuration names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/base/yaml.h"
#include "reference/gateway/records.h"

namespace openshell::sandbox::v1 {
class SandboxPolicy;
}

namespace sallyport::gateway {

// `path` against the folder of `file`.
[[nodiscard]] std::string path_beside(const std::string& file, const std::string& path);

// The whole of a small file; nothing when it can't be read or has more than `most` octets, and then
// `why` says so.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path, std::size_t most,
                                                         std::string& why);

// The list under `key`; complains of each mistake, and of what can't be served together.
[[nodiscard]] std::vector<Registration> read_registrations(base::yaml::MapReader& map,
                                                           std::string_view key);
// A file with `middleware: [...]` alone.
[[nodiscard]] std::vector<Registration> read_registrations_file(const std::string& path,
                                                                base::Diagnostics& complaints);

// A policy that the loader accepts, as a message; complains otherwise.
[[nodiscard]] openshell::sandbox::v1::SandboxPolicy read_policy_file(const std::string& path,
                                                                     base::Diagnostics& complaints);

}  // namespace sallyport::gateway
