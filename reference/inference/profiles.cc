#include "reference/inference/profiles.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace sallyport::inference {
namespace {

using View = std::string_view;

constexpr View kServed[] = {"openai_chat_completions", "openai_completions", "openai_responses",
                            "openai_embeddings",       "anthropic_messages", "model_discovery"};
constexpr View kOpenaiProtocols[] = {"openai_chat_completions", "openai_completions",
                                     "openai_responses", "openai_embeddings", "model_discovery"};
constexpr View kAnthropicProtocols[] = {"anthropic_messages", "model_discovery"};

constexpr View kOpenaiKeys[] = {"OPENAI_API_KEY"};
constexpr View kAnthropicKeys[] = {"ANTHROPIC_API_KEY"};
constexpr View kNvidiaKeys[] = {"NVIDIA_API_KEY"};
constexpr View kDeepinfraKeys[] = {"DEEPINFRA_API_KEY"};

constexpr View kOpenaiUrls[] = {"OPENAI_BASE_URL"};
constexpr View kAnthropicUrls[] = {"ANTHROPIC_BASE_URL"};
constexpr View kNvidiaUrls[] = {"NVIDIA_BASE_URL"};
constexpr View kDeepinfraUrls[] = {"DEEPINFRA_BASE_URL"};

constexpr View kOpenaiPass[] = {"openai-organization", "x-model-id"};
constexpr View kModelIdPass[] = {"x-model-id"};
constexpr View kAnthropicPass[] = {"anthropic-version", "anthropic-beta"};
constexpr HeaderDefault kAnthropicDefaults[] = {{"anthropic-version", "2023-06-01"}};

constexpr AuthHeader kBearer{AuthKind::bearer, {}};
constexpr AuthHeader kXApiKey{AuthKind::custom, "x-api-key"};

constexpr std::array<Profile, 4> kProfiles{{
    {"openai",
     "https://api.openai.com/v1",
     kOpenaiProtocols,
     kOpenaiKeys,
     kOpenaiUrls,
     kBearer,
     {},
     kOpenaiPass},
    {"anthropic", "https://api.anthropic.com/v1", kAnthropicProtocols, kAnthropicKeys,
     kAnthropicUrls, kXApiKey, kAnthropicDefaults, kAnthropicPass},
    {"nvidia",
     "https://integrate.api.nvidia.com/v1",
     kOpenaiProtocols,
     kNvidiaKeys,
     kNvidiaUrls,
     kBearer,
     {},
     kModelIdPass},
    {"deepinfra",
     "https://api.deepinfra.com/v1/openai",
     kOpenaiProtocols,
     kDeepinfraKeys,
     kDeepinfraUrls,
     kBearer,
     {},
     kModelIdPass},
}};
constexpr std::array<View, 4> kTypes{"openai", "anthropic", "nvidia", "deepinfra"};
constexpr std::array<View, 2> kUnserved{"google-vertex-ai", "aws-bedrock"};

}  // namespace

const Profile* find_profile(std::string_view type) {
  for (const Profile& profile : kProfiles) {
    if (profile.type == type) return &profile;
  }
  return nullptr;
}

std::span<const std::string_view> profile_types() { return kTypes; }

bool is_unserved_type(std::string_view type) {
  return std::find(kUnserved.begin(), kUnserved.end(), type) != kUnserved.end();
}

std::span<const std::string_view> served_protocols() { return kServed; }

}  // namespace sallyport::inference
