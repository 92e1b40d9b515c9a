// What a sandbox may be called, and which of what a request says of one is served. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace openshell::v1 {
class CreateSandboxRequest;
}

namespace sallyport::gateway {

inline constexpr std::size_t kSandboxNameBytesMax = 63;

// Nothing for one label of a host name: letters a to z, digits and hyphens, none at an end.
[[nodiscard]] std::optional<std::string> sandbox_name_fault(std::string_view name);

// The first thing that the request states and that nobody here would heed, by its name in the
// contract: all but the name, the workspace, the policy and the providers, members of newer
// contracts included.
[[nodiscard]] std::optional<std::string> unserved_part(
    const openshell::v1::CreateSandboxRequest& request);

}  // namespace sallyport::gateway
