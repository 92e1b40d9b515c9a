// Keys that policies had before inference was one managed route (NVIDIA/OpenShell, PR 146): refused
// by name, with what to write instead. docs/migrating.md tells them all. Pure.
#pragma once

#include "reference/base/yaml.h"

namespace sallyport::policy {

// Complains of each that the map has, at its key, and marks them as known. Of the document, of a
// rule, of an endpoint.
void refuse_removed_keys(base::yaml::MapReader& map);

}  // namespace sallyport::policy
