// What the sandbox's clients trust, as files: the authority alone, and the system's bundle with the
// authority. Names and places follow the field system (NVIDIA/OpenShell, l7/tls.rs).
#pragma once

#include <span>
#include <string>

#include "reference/base/result.h"
#include "reference/tls/authority.h"

namespace sallyport::tls {

inline constexpr const char* kCaFile = "openshell-ca.pem";
inline constexpr const char* kBundleFile = "ca-bundle.pem";

// Where distributions keep their bundle, in the order in which they are tried.
[[nodiscard]] std::span<const std::string> system_bundle_candidates();
// The first that exists; empty when none does.
[[nodiscard]] std::string system_bundle_path(
    std::span<const std::string> candidates = system_bundle_candidates());

struct ClientFiles {
  std::string ca;      // DIR/openshell-ca.pem
  std::string bundle;  // DIR/ca-bundle.pem
};

// Writes both into an existing folder, mode 0644, each replaced in one step. Without a system
// bundle the second holds the authority alone. TlsErrc::write_failed, bad_bundle.
[[nodiscard]] base::Result<ClientFiles> write_client_files(
    const std::string& folder, const Authority& authority,
    std::span<const std::string> candidates = system_bundle_candidates());

}  // namespace sallyport::tls
