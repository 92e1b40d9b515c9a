// Reads what an endpoint asks of requests: `access`, `rules`, `deny_rules`. Part of the loader:
// nobody else includes this.
#pragma once

#include "reference/policy/endpoint_reader.h"

namespace sallyport::policy {

// Sets endpoint.allow and endpoint.deny; protocol must be read already. Presets follow OpenShell
// l7/mod.rs (expand_access_presets): `read-write` has no DELETE. Without a protocol, `access: full`
// asks nothing, so that whatever the tunnel carries may pass.
void read_rules(base::yaml::MapReader& map, Endpoint& endpoint, const Notes& notes);

}  // namespace sallyport::policy
