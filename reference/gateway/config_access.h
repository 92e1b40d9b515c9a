// The part of the configuration that says where the gateway listens, how, and who may call. Of this
// module alone.
#pragma once

#include <string>

#include "reference/base/yaml.h"
#include "reference/gateway/config.h"

namespace sallyport::gateway {

// `listen`, `tls`, `insecure`, `allow_unauthenticated`, `operator_token_file`, and what of them
// doesn't go together.
void read_access(base::yaml::MapReader& map, Config& config);

// `token_file` of the sandbox `id`.
void read_sandbox_token(base::yaml::MapReader& map, const std::string& id, Config& config);

// Complains of keys of other times under `map`, with what to write instead.
void refuse_old_keys(base::yaml::MapReader& map);

}  // namespace sallyport::gateway
