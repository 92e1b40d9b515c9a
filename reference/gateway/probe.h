// Asks the endpoint of a route, over the network, whether it serves it: one POST after another, as
// inference::Verification wants them, each on a connection of its own. No redirect is followed, no
// proxy of the environment used, and a name that leads to link-local or metadata addresses is not
// dialled (egress/destination.h).
#pragma once

#include <functional>

#include "reference/gateway/probe_options.h"
#include "reference/inference/verify.h"

namespace sallyport::gateway {

// Waits as long as the options say, in the calling thread. Any thread. Whatever goes wrong is a
// verdict.
[[nodiscard]] inference::ProbeVerdict probe_endpoint(const inference::Route& route,
                                                     const ProbeOptions& options);

// What the inference Api is given: probe_endpoint() with the program's options, or a test's answer.
using AskEndpoint = std::function<inference::ProbeVerdict(const inference::Route&)>;

}  // namespace sallyport::gateway
