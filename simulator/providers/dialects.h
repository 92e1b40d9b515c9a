// How a good provider answers a request that no route of the scenario takes: pure functions from a
// request to an answer, for each dialect. Every answer repeats the request's nonce or is derived
// from it, so that one that was kept from an earlier request shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/providers/request.h"
#include "simulator/providers/spec.h"
#include "simulator/providers/stream.h"

namespace sallyport::sim::providers {

// `created_s`: seconds since 1970, as these APIs stamp their objects. Dialect::proxy has no answers
// of its own; it gives those of Dialect::plain.
[[nodiscard]] Answer dialect_answer(const ProviderSpec& spec, const Request& request,
                                    std::int64_t created_s);

// The 401 (a proxy's 407) of a provider that doesn't know the key, or no longer.
[[nodiscard]] Answer unauthorized(const ProviderSpec& spec, const Request& request);

// The events of a stream that answers `request`, also where a route streams.
[[nodiscard]] Stream dialect_stream(const ProviderSpec& spec, const Request& request,
                                    std::int64_t created_s);

// Whether `path` fits a route's: `*` within a segment, `**` across.
[[nodiscard]] bool path_fits(std::string_view pattern, std::string_view path);

// The dialects one by one, each in its own file.
namespace openai {
[[nodiscard]] Answer answer(const ProviderSpec& spec, const Request& request,
                            std::int64_t created_s);
[[nodiscard]] Answer error(int status, std::string_view message, std::string_view type,
                           std::string_view code);
[[nodiscard]] Stream stream(const ProviderSpec& spec, const Request& request,
                            std::int64_t created_s);
}  // namespace openai

namespace anthropic {
[[nodiscard]] Answer answer(const ProviderSpec& spec, const Request& request,
                            std::int64_t created_s);
[[nodiscard]] Answer error(const Request& request, int status, std::string_view message,
                           std::string_view type);
[[nodiscard]] Stream stream(const ProviderSpec& spec, const Request& request);
}  // namespace anthropic

namespace ollama {
[[nodiscard]] Answer answer(const ProviderSpec& spec, const Request& request,
                            std::int64_t created_s);
[[nodiscard]] Answer error(int status, std::string_view message);
[[nodiscard]] Stream stream(const ProviderSpec& spec, const Request& request,
                            std::int64_t created_s);
}  // namespace ollama

}  // namespace sallyport::sim::providers
