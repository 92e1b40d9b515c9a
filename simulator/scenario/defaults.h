// Every default of the language written into a tree: what plan prints and what the decoders read,
// so that there is one place that says what a default is. Where a default depends on a value that
// only the matrix knows, it is left out. Tolerant: what is malformed stays as it is. Pure.
#pragma once

#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

struct DefaultsInput {
  std::uint64_t seed = 0;  // from the path
  // False while plan prints a tree whose $(matrix...) aren't replaced.
  bool resolved = true;
};

[[nodiscard]] NodePtr with_defaults(const NodePtr& root, const DefaultsInput& input);

// One of `dns`, `firewall`, `providers`, `middleware`, as with_defaults() completes it.
[[nodiscard]] NodePtr section_with_defaults(std::string_view key, const NodePtr& section);

// A policy with `version` and each rule's `binaries` filled in.
[[nodiscard]] NodePtr policy_with_defaults(const NodePtr& policy);

}  // namespace sallyport::sim::scenario
