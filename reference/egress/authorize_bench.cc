// What a decision costs as a policy grows; the slope is what matters.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "reference/egress/egress.h"
#include "reference/policy/loader.h"

namespace sallyport::egress {
namespace {

Generation generation_of(std::int64_t rules) {
  std::string text = "version: 1\nnetwork_policies:\n";
  for (std::int64_t i = 0; i < rules; ++i) {
    text += fmt::format(
        "  rule{}: {{endpoints: [{{host: \"*.api{}.example.com\", port: 443, protocol: rest, "
        "access: full}}], binaries: [{{path: \"/**\"}}]}}\n",
        i, i);
  }
  base::Diagnostics complaints;
  Generation generation;
  auto policy = policy::load_policy_text(text, "bench", complaints);
  if (policy) generation.policy = std::move(*policy);
  return generation;
}

void decide(benchmark::State& state) {
  const Generation generation = generation_of(state.range(0));
  Intent intent;
  intent.adapter = Adapter::connect;
  intent.host = fmt::format("eu.api{}.example.com", state.range(0) - 1);
  intent.port = 443;
  intent.method = "CONNECT";
  const Identity nobody;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(authorize(intent, nobody, generation));
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(decide)->RangeMultiplier(4)->Range(1, 1024)->Complexity();

}  // namespace
}  // namespace sallyport::egress
