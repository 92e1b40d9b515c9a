#include "simulator/providers/dialects.h"

#include <vector>

namespace sallyport::sim::providers {
namespace {

Answer plain(const Request& request) {
  Answer answer;
  const auto* type = wire::find_header(request.message.headers, "content-type");
  const bool has_body = request.message.body_size > 0;
  if (has_body && type != nullptr) answer.headers.emplace_back("Content-Type", *type);
  answer.body =
      has_body ? request.message.body : request.message.method + " " + request.message.path();
  return answer;
}

}  // namespace

Answer dialect_answer(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  switch (spec.dialect) {
    case Dialect::openai:
      return openai::answer(spec, request, created_s);
    case Dialect::anthropic:
      return anthropic::answer(spec, request, created_s);
    case Dialect::ollama:
      return ollama::answer(spec, request, created_s);
    case Dialect::plain:
    case Dialect::proxy:
      break;
  }
  return plain(request);
}

Answer unauthorized(const ProviderSpec& spec, const Request& request) {
  const bool none = request.key == "none";
  const std::string_view message = none ? "No credential was sent." : "That credential is unknown.";
  Answer answer;
  switch (spec.dialect) {
    case Dialect::openai:
      answer = openai::error(401, message, "invalid_request_error", none ? "" : "invalid_api_key");
      break;
    case Dialect::anthropic:
      return anthropic::error(request, 401, message, "authentication_error");
    case Dialect::ollama:
      answer = ollama::error(401, message);
      break;
    case Dialect::plain:
      answer.status = 401;
      answer.body = message;
      break;
    case Dialect::proxy:
      answer.status = 407;
      answer.body = message;
      answer.headers.emplace_back("Proxy-Authenticate", "Basic realm=\"proxy\"");
      answer.headers.emplace_back("Proxy-Authenticate", "Bearer");
      return answer;
  }
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

Stream dialect_stream(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  switch (spec.dialect) {
    case Dialect::anthropic:
      return anthropic::stream(spec, request);
    case Dialect::ollama:
      return ollama::stream(spec, request, created_s);
    case Dialect::openai:
    case Dialect::plain:
    case Dialect::proxy:
      break;
  }
  return openai::stream(spec, request, created_s);
}

bool path_fits(std::string_view pattern, std::string_view path) {
  // fits[n]: the pattern so far takes the first n octets of the path.
  std::vector<bool> fits(path.size() + 1, false);
  fits[0] = true;
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      const bool across = pattern.starts_with("**");
      for (std::size_t end = 1; end <= path.size(); ++end) {
        if (fits[end - 1] && (across || path[end - 1] != '/')) fits[end] = true;
      }
      pattern.remove_prefix(across ? 2 : 1);
      continue;
    }
    for (std::size_t end = path.size(); end > 0; --end) {
      fits[end] = fits[end - 1] && path[end - 1] == pattern.front();
    }
    fits[0] = false;
    pattern.remove_prefix(1);
  }
  return fits[path.size()];
}

}  // namespace sallyport::sim::providers
