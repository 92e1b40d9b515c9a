// What the processes of a world are started with, from the cell and what the stage has chosen and
// minted: values, with every variable replaced. Pure but for looking at the stage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// A supervisor's sandbox has its name at the gateway.
[[nodiscard]] subject::SubjectSpec subject_spec(const Stage& stage,
                                                const scenario::Supervisor& supervisor);
[[nodiscard]] subject::GatewaySpec gateway_spec(const Stage& stage);
[[nodiscard]] middleware::ServiceSpec service_spec(const Stage& stage,
                                                   const middleware::ServiceSpec& written);
[[nodiscard]] middleware::Surroundings surroundings_of(Stage& stage,
                                                       const middleware::ServiceSpec& service);

// What `inference.local` of that supervisor leads to by now, for one that reads it from files; none
// without a route.
[[nodiscard]] std::optional<subject::Route> route_of(const Stage& stage,
                                                     const std::string& supervisor);

// The variables that a provider's record keeps its key under, the control plane's own first; empty
// for one without keys.
[[nodiscard]] std::vector<std::string> key_variables(const providers::ProviderSpec& spec);
// The value of a provider's key; empty when there is none.
[[nodiscard]] std::string key_value(const Stage& stage, const std::string& provider,
                                    const std::string& key);
[[nodiscard]] const providers::ProviderSpec* provider_spec(const Stage& stage,
                                                           const std::string& name);

}  // namespace sallyport::sim::runner
