#include "simulator/middleware/words.h"

#include <algorithm>
#include <limits>

#include "reference/base/scalars.h"

namespace sallyport::sim::middleware {
namespace {

constexpr std::array<std::string_view, 17> kCodes = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr std::size_t kUnknown = 2;

// Of an enumeration, which has 31 bits here.
std::optional<int> small_number(std::string_view text) {
  const auto number = base::parse_integer(text);
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

std::optional<int> status_code(std::string_view name) {
  const auto* const found = std::find(kCodes.begin(), kCodes.end(), name);
  if (found != kCodes.end()) return static_cast<int>(found - kCodes.begin());
  const auto number = small_number(name);
  return number && *number > 0 ? number : std::nullopt;
}

std::string_view status_name(int code) {
  const auto place = static_cast<std::size_t>(code);
  return kCodes.at(place < kCodes.size() ? place : kUnknown);
}

std::optional<int> operation_number(std::string_view name) {
  if (name == "http_request") return 1;
  if (name == "websocket_message") return 2;
  return small_number(name);
}

std::optional<int> phase_number(std::string_view name) {
  if (name == "pre_credentials") return 1;
  if (name == "pre_return") return 2;
  return small_number(name);
}

std::string phase_name(int number) {
  return number == 1 ? "pre_credentials" : std::to_string(number);
}

}  // namespace sallyport::sim::middleware
