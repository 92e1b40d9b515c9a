// How the gateway reaches the endpoints that it asks before it stores a route, as its configuration
// says it: `resolver` and `upstream_ca`, which mean what they mean to a supervisor.
#pragma once

#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/yaml.h"
#include "reference/net/address.h"

namespace sallyport::gateway {

struct ProbeOptions {
  std::vector<net::Endpoint> servers;  // name servers; none: those of /etc/resolv.conf
  std::string hosts_file;              // empty: /etc/hosts, if there is one
  std::string upstream_ca;             // PEM, trusted besides the system's; empty for none
  // Of a whole verification, all its questions together: less than clients wait for their answer.
  base::Duration whole = std::chrono::seconds(20);
};

// Reads both keys of the configuration; relative paths are relative to its file.
[[nodiscard]] ProbeOptions read_probe_options(base::yaml::MapReader& map);

}  // namespace sallyport::gateway
