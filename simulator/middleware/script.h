// A service's script as a file: what the harness writes and the service reads, and what a person
// writes who runs the service by hand. The members are those of a scenario's `middleware` entry
// (docs/scenario-reference.md), in JSON or YAML. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/middleware/spec.h"

namespace sallyport::base::yaml {
class Node;
}

namespace sallyport::sim::middleware {

// As JSON. `slow` multiplies delays.
[[nodiscard]] std::string to_json(const ServiceSpec& spec, double slow = 1.0);

// Into a file; false when it can't be written whole.
[[nodiscard]] bool save(const ServiceSpec& spec, double slow, const std::string& path);

struct ReadScript {
  std::optional<ServiceSpec> spec;
  std::string complaint;  // `script[2].decision must be one of allow, deny, skip`
};
// Unknown members, wrong types and words are refused.
[[nodiscard]] ReadScript read_script(std::string_view json);

// Where in the YAML that the JSON was made from the place of a complaint is; the nearest that there
// is.
[[nodiscard]] base::Mark mark_of(const base::yaml::Node& script, std::string_view complaint);

}  // namespace sallyport::sim::middleware
