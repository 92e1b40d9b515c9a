// Reads what the service's process tells. It is a process that may have gone mad: nothing here
// trusts it. Pure. Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "simulator/journal/event.h"

namespace sallyport::sim::middleware {

struct ToldByService {
  std::string kind;
  base::TimePoint at{};
  std::uint64_t connection = 0;  // from 1; 0: none
  std::optional<net::Endpoint> peer;
  journal::Fields fields;
  std::vector<std::string> hits;
};

// Nothing when it isn't such an event.
[[nodiscard]] std::optional<ToldByService> read_told(std::string_view json);

// The port in the line `{"port": N}`.
[[nodiscard]] std::optional<std::uint16_t> ready_port(std::string_view line);

// What of an evaluated request may name its exchange: header lines, query, path, body.
[[nodiscard]] std::string request_octets(const journal::Fields& fields);

}  // namespace sallyport::sim::middleware
