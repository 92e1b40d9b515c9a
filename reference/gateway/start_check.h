// What a gateway says at its start of the services that its policies name. It starts whatever they
// answer: supervisors hold on to what they can reach, and `on_error` decides of the rest.
#pragma once

#include "reference/base/log.h"
#include "reference/gateway/admission.h"
#include "reference/gateway/records.h"

namespace sallyport::gateway {

// A warning each for policies whose services can't be asked or refuse their configuration. Waits
// for half a second a policy at most.
void check_services(const State& state, const AskServices& ask, base::Log& log);

}  // namespace sallyport::gateway
