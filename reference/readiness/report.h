// What the gate tells: texts for operators and a line of JSON. Pure. What stands in a text comes
// from the request and from a sandbox's output, so control characters are gone from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/readiness/outcome.h"
#include "reference/readiness/request.h"

namespace sallyport::readiness {

// The sentence above everything else; empty where the outcome is ok.
[[nodiscard]] std::string message_of(const Report& report);
// What to do, a line each; empty where there is nothing to do.
[[nodiscard]] std::vector<std::string> recovery_of(const Request& request, const Report& report);

// The line of success, the warning of a skip, or the whole block of a failure; each line ended.
[[nodiscard]] std::string report_text(const Request& request, const Report& report);
// One object on one line, not ended.
[[nodiscard]] std::string report_json(const Request& request, const Report& report);

}  // namespace sallyport::readiness
