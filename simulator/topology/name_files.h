// The three files in which programs of a host look names up. Internal to this module.
#pragma once

#include <string>

#include "reference/base/result.h"
#include "simulator/topology/spec.h"

namespace sallyport::sim::topology {

// Writes FOLDER/{resolv.conf,hosts,nsswitch.conf}; FOLDER is made.
[[nodiscard]] base::Result<void> write_name_files(const HostSpec& host, const std::string& folder);

}  // namespace sallyport::sim::topology
