// What the client's commands have in common: how one asks, and what comes of it; and the commands
// themselves, by what they are about. Of the client alone.
#pragma once

#include <string>
#include <string_view>

#include "reference/gateway/client.h"
#include "reference/gateway/client_json.h"

namespace sallyport::gateway {

inline constexpr std::string_view kInference = "/openshell.inference.v1.Inference/";
inline constexpr std::string_view kOpenShell = "/openshell.v1.OpenShell/";
inline constexpr std::string_view kAdmin = "/sallyport.gateway.v1.Admin/";

[[nodiscard]] std::string method(std::string_view service, std::string_view name);

// Before anything was asked.
[[nodiscard]] Outcome mistaken(std::string why);
[[nodiscard]] Outcome ended(rpc::Status status, Shown shown = {});
// Nobody said what became of the call.
[[nodiscard]] bool is_lost(rpc::Code code);
// Of a deletion: whether it was there.
[[nodiscard]] Outcome deleted(rpc::Status status, bool there, const std::string& what);

// client_providers.cc
[[nodiscard]] Outcome write_provider(const ClientFlags& flags, const Environment& environment,
                                     const CallGateway& call);
[[nodiscard]] Outcome delete_provider(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome get_provider(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome list_providers(const CallGateway& call);

// client_routes.cc
[[nodiscard]] Outcome set_route(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome get_routes(const CallGateway& call);
[[nodiscard]] Outcome delete_route(const CallGateway& call);

// client_sandboxes.cc
[[nodiscard]] Outcome create_sandbox(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome get_sandbox(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome list_sandboxes(const CallGateway& call);
[[nodiscard]] Outcome delete_sandbox(const ClientFlags& flags, const CallGateway& call);
// Or detaches it.
[[nodiscard]] Outcome attach_provider(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome sandbox_status(const ClientFlags& flags, const CallGateway& call);
[[nodiscard]] Outcome issue_sandbox_token(const ClientFlags& flags, const CallGateway& call);
// Asks no gateway.
[[nodiscard]] Outcome make_token(const ClientFlags& flags);

}  // namespace sallyport::gateway
