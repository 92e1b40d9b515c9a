// How a good provider answers a request that no route of the scenario takes: pure functions from a
// request to an answer, for each dialect.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/providers/request.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

// `created_s`: seconds since 1970, as these APIs stamp their objects.
[[nodiscard]] Answer dialect_answer(const ProviderSpec& spec, const Request& request,
                                    std::int64_t created_s);

// The 401 of a provider that doesn't know the key, or no longer.
[[nodiscard]] Answer unauthorized(const ProviderSpec& spec, const Request& request);

// The data of `count` events of a stream that answers `request`, without the terminal event; the
// first repeats the request's nonce.
[[nodiscard]] std::vector<std::string> stream_events(const ProviderSpec& spec,
                                                     const Request& request, std::uint64_t count,
                                                     std::int64_t created_s);
// The data of the dialect's terminal event for that request.
[[nodiscard]] std::string terminal_event(const ProviderSpec& spec, const Request& request);

// Whether `path` fits a route's: `*` within a segment, `**` across.
[[nodiscard]] bool path_fits(std::string_view pattern, std::string_view path);

}  // namespace sallyport::sim::providers
