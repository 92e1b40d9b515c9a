#include "reference/readiness/applicability.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sallyport::readiness {
namespace {

Request local(const std::function<void(Request&)>& change = [](Request&) {}) {
  Request request;
  request.kind = "ollama-local";
  request.endpoint = "https://inference.local/v1/models";
  request.setup.network = "host";
  change(request);
  return request;
}

TEST(Applicability, AppliesToLocalProvidersOfAPatchedSandbox) {
  EXPECT_EQ(skip_reason(local()), "");
  EXPECT_EQ(skip_reason(local([](Request& request) { request.kind = "vllm-local"; })), "");
}

TEST(Applicability, LeavesASandboxThatWasNotPatched) {
  const std::string_view reason = "not-docker-gpu-patch";
  EXPECT_EQ(skip_reason(local([](Request& r) { r.setup.gpu = false; })), reason);
  EXPECT_EQ(skip_reason(local([](Request& r) { r.setup.platform = "darwin"; })), reason);
  EXPECT_EQ(skip_reason(local([](Request& r) { r.setup.driver = "kubernetes"; })), reason);
  EXPECT_EQ(skip_reason(local([](Request& r) { r.setup.route = "native"; })), reason);
}

TEST(Applicability, LeavesProvidersThatAreNotLocalLlamaCppAmongThem) {
  for (const char* kind : {"openai", "anthropic", "llamacpp-local", "OLLAMA-LOCAL", ""}) {
    EXPECT_EQ(skip_reason(local([kind](Request& r) { r.kind = kind; })), "not-local-provider")
        << kind;
  }
}

TEST(Applicability, NeedsAnEndpoint) {
  EXPECT_EQ(skip_reason(local([](Request& r) { r.endpoint = ""; })), "no-runtime-endpoint");
}

TEST(Applicability, SaysFirstThatTheSandboxIsNotPatched) {
  EXPECT_EQ(skip_reason(local([](Request& r) {
              r.setup.route = "native";
              r.kind = "openai";
            })),
            "not-docker-gpu-patch");
}

TEST(NetworkMode, IsHostOnlyForThatWordWhateverItsCase) {
  EXPECT_EQ(network_mode("host"), "host");
  EXPECT_EQ(network_mode(" HoSt\t\n"), "host");
  for (const char* other : {"", "preserve", "bridge", "hosts", "ho st", "none"})
    EXPECT_EQ(network_mode(other), "preserve") << other;
}

TEST(Downgrade, TakesHostNetworkingBackExactlyWhereItBreaksLocalInference) {
  int taken = 0;
  for (const char* kind : {"ollama-local", "vllm-local", "openai"}) {
    for (const char* network : {"host", "preserve"}) {
      for (const bool gpu : {true, false}) {
        for (const char* platform : {"linux", "darwin"}) {
          const bool takes = takes_host_network_back(local([&](Request& r) {
            r.kind = kind;
            r.setup.network = network;
            r.setup.gpu = gpu;
            r.setup.platform = platform;
          }));
          const bool expected = std::string(kind) != "openai" && std::string(network) == "host" &&
                                gpu && std::string(platform) == "linux";
          EXPECT_EQ(takes, expected) << kind << " " << network << " " << gpu << " " << platform;
          taken += takes ? 1 : 0;
        }
      }
    }
  }
  EXPECT_EQ(taken, 2);
}

TEST(Downgrade, NeedsTheCompatibilityRouteAndTheDockerDriver) {
  EXPECT_TRUE(takes_host_network_back(local()));
  EXPECT_FALSE(takes_host_network_back(local([](Request& r) { r.setup.route = "native"; })));
  EXPECT_FALSE(takes_host_network_back(local([](Request& r) { r.setup.driver = "podman"; })));
}

TEST(Label, IsWhatPeopleCallTheProvider) {
  EXPECT_EQ(label("ollama-local"), "Local Ollama");
  EXPECT_EQ(label("vllm-local"), "Local vLLM");
  EXPECT_EQ(label("openai"), "openai");
}

}  // namespace
}  // namespace sallyport::readiness
