// The part of the configuration that says who controls this supervisor: a gateway, or files with
// middleware services named beside them; and whose sandbox it is. Of this module alone.
#pragma once

#include "reference/base/yaml.h"
#include "reference/supervisor/config.h"

namespace sallyport::supervisor {

// `gateway`, `middleware`, `sandbox`: read and judged against `policy` and `routes`, which
// a gateway rules out.
void read_control(base::yaml::MapReader& map, Config& config);

}  // namespace sallyport::supervisor
