#include "reference/middleware/envelope.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/diagnostics.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;

template <class Messages>
std::uint64_t encoded_bytes(const Messages& messages) {
  return std::accumulate(
      messages.begin(), messages.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& message) { return sum + message.ByteSizeLong(); });
}

std::optional<std::string_view> metadata_fault(const pb::HttpRequestResult& result) {
  if (result.metadata().size() > static_cast<std::size_t>(kMetadataMax)) {
    return "response_metadata_count_over_capacity";
  }
  std::uint64_t bytes = 0;
  for (const auto& [key, value] : result.metadata()) bytes += key.size() + value.size();
  if (bytes > kMetadataBytesMax) return "response_metadata_bytes_over_capacity";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> request_fault(const pb::HttpRequestEvaluation& request) {
  if (request.body().size() > kPayloadBytesMax) return "request_body_over_capacity";
  if (request.config().ByteSizeLong() > kConfigBytesMax) return "request_config_over_capacity";
  if (request.context().ByteSizeLong() > kContextBytesMax) return "request_context_over_capacity";
  if (request.target().ByteSizeLong() > kTargetBytesMax) return "request_target_over_capacity";
  if (request.headers_size() > kHeadersMax) return "request_header_count_over_capacity";
  if (encoded_bytes(request.headers()) > kHeaderBytesMax) {
    return "request_header_bytes_over_capacity";
  }
  return std::nullopt;
}

std::optional<std::string_view> response_fault(const pb::HttpRequestResult& result) {
  if (result.body().size() > kPayloadBytesMax) return "response_body_over_capacity";
  if (result.reason().size() > kReasonBytesMax) return "response_reason_over_capacity";
  if (!result.reason_code().empty() && !is_reason_code(result.reason_code())) {
    return "response_reason_code_invalid";
  }
  if (result.header_mutations_size() > kMutationsMax) {
    return "header_mutation_count_over_capacity";
  }
  if (encoded_bytes(result.header_mutations()) > kMutationBytesMax) {
    return "header_mutation_bytes_over_capacity";
  }
  if (result.findings_size() > kFindingsMax) return "response_findings_over_capacity";
  if (std::any_of(result.findings().begin(), result.findings().end(),
                  [](const pb::Finding& one) { return one.ByteSizeLong() > kFindingBytesMax; })) {
    return "response_finding_over_capacity";
  }
  if (const auto fault = metadata_fault(result)) return fault;
  if (result.ByteSizeLong() > kMessageBytesMax) return "response_envelope_over_capacity";
  return std::nullopt;
}

}  // namespace sallyport::middleware
