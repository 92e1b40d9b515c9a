// Reads one entry of `endpoints`. Part of the loader: nobody else includes this.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "reference/base/diagnostics.h"
#include "reference/base/yaml.h"
#include "reference/policy/model.h"

namespace sallyport::policy {

// Where complaints go, and warnings if anybody wants them.
struct Notes {
  const std::string& file;
  base::Diagnostics& complaints;
  base::Diagnostics* warnings;

  void complain(const base::yaml::Node& node, std::string message) const;
  void warn(const base::yaml::Node& node, std::string message) const;
};

// Refuses each of `keys` that the map has, by name and at the key, and marks them all as known.
void refuse_keys(base::yaml::MapReader& map, std::initializer_list<std::string_view> keys,
                 const Notes& notes);

// Usable only if nothing was complained about.
[[nodiscard]] Endpoint read_endpoint(const base::yaml::Node& node, const Notes& notes);

}  // namespace sallyport::policy
