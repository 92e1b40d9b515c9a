// A policy document and the message that carries it from a gateway to a supervisor, one into the
// other. Pure. Nothing of a message is left out of the document: what the loader doesn't know, a
// field of a newer contract included, it then refuses by name.
#pragma once

#include <string>

#include "reference/base/yaml.h"

namespace openshell::sandbox::v1 {
class SandboxPolicy;
}

namespace sallyport::policy {

// The document that the message stands for: JSON (so YAML that load_policy_text reads) with keys
// in an order of its own, so that equal policies are equal texts whatever order they came in.
[[nodiscard]] std::string policy_document(const openshell::sandbox::v1::SandboxPolicy& policy);

// The message of a document that load_policy has accepted: load_policy reads the same of
// policy_document() of it, but for the revision. What isn't the loader's is left out.
[[nodiscard]] openshell::sandbox::v1::SandboxPolicy policy_message(
    const base::yaml::Node& document);

}  // namespace sallyport::policy
