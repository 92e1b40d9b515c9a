// Where the path of a program leads inside a sandbox, whose root may be `/proc/PID/root`: links are
// followed there, an absolute one from that root on, `..` never above it. Follows OpenShell opa.rs
// (resolve_binary_in_container).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::identity {

inline constexpr int kLinksMax = 40;

// As the sandbox names it. Nothing when it isn't there, or links lead in a circle.
[[nodiscard]] std::optional<std::string> resolve_binary(const std::string& root,
                                                        std::string_view path);

}  // namespace sallyport::identity
