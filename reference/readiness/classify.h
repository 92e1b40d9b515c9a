// What one run of the probe means, by each rule. Pure; what the command printed is the sandbox's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/readiness/outcome.h"
#include "reference/readiness/request.h"

namespace sallyport::readiness {

struct Attempt {
  Class outcome = Class::exec_failed;
  std::string_view reason;
  std::string code;    // three digits; empty: none was told
  std::string detail;  // printable
  ProbeFacts facts;
  // Asking again couldn't change it: good, no curl, or the wrong place.
  [[nodiscard]] bool is_final() const {
    return outcome != Class::unreachable && outcome != Class::exec_failed;
  }
};

// `agent`: the inode of the agent's own network namespace, where that is known.
[[nodiscard]] Attempt classify(const Request& request, std::optional<std::uint64_t> agent,
                               const CommandResult& result);

}  // namespace sallyport::readiness
