// `policy.local`: the name by which the field's agents ask for the policy in force and propose
// changes to it (OpenShell policy_local.rs). Proposals are switched off here, so that every route
// of it answers that; nobody is identified and no policy is asked. Pure.
#pragma once

#include "reference/http/local_response.h"
#include "reference/http/target.h"

namespace sallyport::adapters {

[[nodiscard]] bool is_policy_local(const http::AbsoluteTarget& target);

// 404 feature_disabled by plain HTTP on port 80, else 400 invalid_policy_local_scheme. Ends the
// connection: a body is never read.
[[nodiscard]] http::LocalAnswer policy_local_answer(const http::AbsoluteTarget& target);

}  // namespace sallyport::adapters
