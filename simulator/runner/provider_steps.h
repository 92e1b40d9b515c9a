// The `providers` verb: changes what fake upstreams are while they run, and takes some away.
#pragma once

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// In force, for every request that is read from now on, when it returns; its facts (class, detail).
[[nodiscard]] agents::Facts set_providers(Stage& stage, const scenario::SetProviders& change);

}  // namespace sallyport::sim::runner
