#include "reference/readiness/request.h"

#include <array>
#include <utility>

namespace sallyport::readiness {
namespace {

constexpr std::array<std::pair<Rule, std::string_view>, 3> kRules{{
    {Rule::observed, "observed"},
    {Rule::strict, "strict"},
    {Rule::invocation, "invocation"},
}};

}  // namespace

GateLimits default_limits(Rule rule) {
  constexpr ms kCompletionGap{5'000};
  constexpr ms kCompletion{90'000};
  constexpr ms kCompletionExec{95'000};
  GateLimits limits;
  if (rule == Rule::invocation) {
    limits.gap = kCompletionGap;
    limits.total = kCompletion;
    limits.exec = kCompletionExec;
  }
  return limits;
}

std::string_view name(Rule rule) {
  for (const auto& [value, text] : kRules) {
    if (value == rule) return text;
  }
  return "strict";
}

std::optional<Rule> rule_named(std::string_view text) {
  for (const auto& [value, known] : kRules) {
    if (known == text) return value;
  }
  return std::nullopt;
}

}  // namespace sallyport::readiness
