// What a decision costs as a policy grows, with exact hosts and with patterns.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "reference/egress/egress.h"
#include "reference/policy/loader.h"

namespace sallyport::egress {
namespace {

Generation generation_of(std::int64_t rules, std::string_view prefix) {
  std::string text = "version: 1\nnetwork_policies:\n";
  for (std::int64_t i = 0; i < rules; ++i) {
    text += fmt::format(
        "  rule{}: {{endpoints: [{{host: \"{}api{}.example.com\", port: 443, protocol: rest, "
        "access: read-only}}], binaries: [{{path: /usr/bin/curl}}, {{path: \"/opt/**\"}}]}}\n",
        i, prefix, i);
  }
  base::Diagnostics complaints;
  Generation generation;
  auto policy = policy::load_policy_text(text, "bench", complaints);
  if (policy) generation.policy = std::move(*policy);
  return generation;
}

Intent intent_of(std::int64_t rules, std::string_view prefix) {
  Intent intent;
  intent.adapter = Adapter::connect;
  intent.host = fmt::format("{}api{}.example.com", prefix, rules - 1);
  intent.port = 443;
  intent.method = "CONNECT";
  return intent;
}

Identity curl() {
  Identity identity;
  identity.required = true;
  identity.program = policy::Program();
  identity.program->binary = "/usr/bin/curl";
  identity.program->ancestors = {"/usr/bin/bash", "/usr/bin/node", "/usr/sbin/init"};
  return identity;
}

void decide(benchmark::State& state, std::string_view pattern, std::string_view host) {
  const Generation generation = generation_of(state.range(0), pattern);
  const Intent intent = intent_of(state.range(0), host);
  const Identity identity = curl();
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(authorize(intent, identity, generation));
  }
}
BENCHMARK_CAPTURE(decide, exact, "", "")->Arg(1)->Arg(200)->Arg(1024);
BENCHMARK_CAPTURE(decide, patterns, "*.", "eu.")->Arg(1)->Arg(200)->Arg(1024);

void judge(benchmark::State& state) {
  const Generation generation = generation_of(state.range(0), "*.");
  const Intent intent = intent_of(state.range(0), "eu.");
  const Identity identity = curl();
  policy::Request request;
  request.method = "GET";
  request.path = "/v1/chat/completions";
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(authorize_request(intent, identity, generation, request));
  }
}
BENCHMARK(judge)->Arg(1)->Arg(200)->Arg(1024);

}  // namespace
}  // namespace sallyport::egress
