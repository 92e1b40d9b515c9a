// Reads a policy document strictly. All of OpenShell's keys are known by name; a key, or a value,
// that this program doesn't enforce yet is refused by name, so that nothing is accepted and
// ignored. Every mistake is reported with its place; with any, there is no policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/diagnostics.h"
#include "reference/base/yaml.h"
#include "reference/policy/model.h"

namespace sallyport::policy {

// `file` is the name that complaints use. `warnings`, where wanted, receives what is accepted but
// deprecated. Nothing is returned after a complaint.
[[nodiscard]] std::optional<Policy> load_policy(const base::yaml::Node& root,
                                                const std::string& file,
                                                base::Diagnostics& complaints,
                                                base::Diagnostics* warnings = nullptr);
[[nodiscard]] std::optional<Policy> load_policy_text(std::string_view text, const std::string& file,
                                                     base::Diagnostics& complaints,
                                                     base::Diagnostics* warnings = nullptr);
[[nodiscard]] std::optional<Policy> load_policy_file(const std::string& path,
                                                     base::Diagnostics& complaints,
                                                     base::Diagnostics* warnings = nullptr);

}  // namespace sallyport::policy
