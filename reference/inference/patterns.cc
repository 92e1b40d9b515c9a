#include "reference/inference/patterns.h"

#include <array>

#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

struct Pattern {
  std::string_view path;  // `/*` at the end: the prefix itself and any depth below it
  Match match;
};

constexpr Delivery kStream = Delivery::streaming;
constexpr Delivery kBuffer = Delivery::buffered;

constexpr std::array<Pattern, 7> kPatterns{{
    {"/v1/chat/completions", {"openai_chat_completions", "chat_completion", "POST", kStream}},
    {"/v1/completions", {"openai_completions", "completion", "POST", kStream}},
    {"/v1/responses", {"openai_responses", "responses", "POST", kStream}},
    {"/v1/embeddings", {"openai_embeddings", "embeddings", "POST", kBuffer}},
    {"/v1/messages", {"anthropic_messages", "messages", "POST", kStream}},
    {"/v1/models", {"model_discovery", "models_list", "GET", kBuffer}},
    {"/v1/models/*", {"model_discovery", "models_get", "GET", kBuffer}},
}};
// Known, so that it is told apart from nonsense; no profile serves it.
constexpr Match kBedrock{"aws_bedrock_invoke", "messages", "POST", kBuffer};

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*")) return pattern == path;
  pattern.remove_suffix(1);
  return path.starts_with(pattern) || path == pattern.substr(0, pattern.size() - 1);
}

// /model/{one segment}/invoke
bool is_bedrock(std::string_view path) {
  constexpr std::string_view kBefore = "/model/";
  constexpr std::string_view kAfter = "/invoke";
  if (!path.starts_with(kBefore) || !path.ends_with(kAfter)) return false;
  if (path.size() <= kBefore.size() + kAfter.size()) return false;
  path.remove_prefix(kBefore.size());
  path.remove_suffix(kAfter.size());
  return path.find('/') == std::string_view::npos;
}

}  // namespace

std::optional<Match> classify(std::string_view method, std::string_view path) {
  path = path.substr(0, path.find('?'));
  for (const Pattern& pattern : kPatterns) {
    if (http::equal_ignoring_case(method, pattern.match.method) && matches(pattern.path, path))
      return pattern.match;
  }
  if (http::equal_ignoring_case(method, kBedrock.method) && is_bedrock(path)) return kBedrock;
  return std::nullopt;
}

}  // namespace sallyport::inference
