// What the service tells the harness, one JSON text an event, on the socket that it was given; by
// hand, a line a person reads. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "simulator/journal/event.h"

namespace sallyport::sim::middleware::server {

// Of a body: more of it isn't told, nor is its JSON then.
inline constexpr std::size_t kBodyBytesTold = 64UL * 1024;

struct Told {
  std::string kind;
  base::TimePoint at{};
  std::uint64_t connection = 0;  // from 1; 0: none
  std::string peer;              // of `connection`: ADDRESS:PORT
  journal::Fields fields;
  std::vector<std::string> hits;  // names of the faults that touched it
};

[[nodiscard]] std::string to_json(const Told& told);
// `12:00:00 evaluate POST /v1/chat?x=1 (26 octets) -> deny`
[[nodiscard]] std::string to_line(const Told& told);

}  // namespace sallyport::sim::middleware::server
