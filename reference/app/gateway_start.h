// The gateway of a supervisor that is to make a sandbox: asked by a process of its own, since the
// one that makes the sandbox must have neither threads nor a loop, and gRPC brings both.
#pragma once

#include <memory>
#include <string>

#include "reference/base/result.h"
#include "reference/net/clock.h"
#include "reference/supervisor/config.h"
#include "reference/sync/first.h"
#include "reference/sync/gateway_source.h"

namespace sallyport::app {

// Null without a gateway: then gRPC isn't touched. Connects to nothing yet.
[[nodiscard]] base::Result<std::unique_ptr<sync::GatewaySource>> gateway_source(
    net::Executor executor, const net::Clock& clock, const supervisor::Config& config);

// Waits for the gateway's first answers, and says on stderr that it does; every time is `slow`
// times the configuration's. Empty, or why there are none. The caller has one thread.
[[nodiscard]] std::string ask_gateway(const supervisor::Config& config, double slow,
                                      sync::FirstAnswers& answers);

}  // namespace sallyport::app
