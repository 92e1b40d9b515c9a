#include "reference/readiness/applicability.h"

#include <array>
#include <utility>

#include "reference/http/text.h"

namespace sallyport::readiness {
namespace {

// llama.cpp is deliberately not among them, as in the field.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kLocal{{
    {"ollama-local", "Local Ollama"},
    {"vllm-local", "Local vLLM"},
}};

constexpr std::string_view kHost = "host";
constexpr std::string_view kPreserve = "preserve";

bool is_patched(const Setup& setup) {
  return setup.gpu && setup.platform == "linux" && setup.driver == "docker" &&
         setup.route == "compatibility";
}

bool is_blank(char character) {
  return character == ' ' || (character >= '\t' && character <= '\r');
}

}  // namespace

bool is_local(std::string_view kind) {
  for (const auto& [known, text] : kLocal) {
    if (known == kind) return true;
  }
  return false;
}

std::string_view label(std::string_view kind) {
  for (const auto& [known, text] : kLocal) {
    if (known == kind) return text;
  }
  return kind;
}

std::string_view skip_reason(const Request& request) {
  if (!is_patched(request.setup)) return "not-docker-gpu-patch";
  if (!is_local(request.kind)) return "not-local-provider";
  if (request.endpoint.empty()) return "no-runtime-endpoint";
  return {};
}

std::string_view network_mode(std::string_view asked) {
  while (!asked.empty() && is_blank(asked.front())) asked.remove_prefix(1);
  while (!asked.empty() && is_blank(asked.back())) asked.remove_suffix(1);
  return http::equal_ignoring_case(asked, kHost) ? kHost : kPreserve;
}

bool takes_host_network_back(const Request& request) {
  return is_local(request.kind) && is_patched(request.setup) &&
         network_mode(request.setup.network) == kHost;
}

}  // namespace sallyport::readiness
