// What the strict grammar of request heads costs, by the size of the head.
#include <benchmark/benchmark.h>

#include <string>

#include "reference/http/head.h"

namespace sallyport::http {
namespace {

void parse(benchmark::State& state) {
  std::string head = "GET /v1/models?limit=10 HTTP/1.1\r\nHost: api.example.com\r\n";
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    head += "X-Header-" + std::to_string(i) + ": a value of ordinary length\r\n";
  }
  head += "\r\n";
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(parse_request_head(head));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}
BENCHMARK(parse)->Arg(2)->Arg(10)->Arg(50)->Arg(200);

}  // namespace
}  // namespace sallyport::http
