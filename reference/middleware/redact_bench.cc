// What the built-in redactors cost for a body of 1 MiB, with the check of its UTF-8 that goes
// before.
#include <benchmark/benchmark.h>

#include <string>

#include "reference/http/text.h"
#include "reference/middleware/redact.h"

namespace sallyport::middleware {
namespace {

constexpr std::size_t kSize = 1024UL * 1024;

std::string filled(std::string begin, const std::string& item, const std::string& end) {
  begin.reserve(kSize);
  while (begin.size() + item.size() + end.size() <= kSize) begin += item;
  return begin + end;
}

std::string body(std::int64_t which) {
  switch (which) {
    case 0:  // a conversation, nothing to find
      return filled(
          "[",
          R"({"role":"user","content":"The spacecraft passes Jupiter at 13:07; )"
          R"(its access panel, as past sketches say, is secured by apt screws.\nAnd so on."},)",
          R"({"n":[1,2.5e3,true,null]}])");
    case 1:  // something to replace in every message
      return filled(
          "[",
          R"({"role":"user","content":"Log in to the ground station with )"
          R"(sk-1234567890abcdef, please, and tell me what it says of the weather there."},)",
          R"({"n":1}])");
    case 2:  // nothing else than what is to be replaced
      return filled(
          "[",
          R"({"api_key":"0123456789abcdef","c":"use sk-1234567890abcdef","password":"hunter2"},)",
          R"({"n":1}])");
    case 3:  // the same in text
      return filled("", "password=hunter2&c=sk-1234567890abcdef&x=1; api_key: 'a b'\n", "");
    case 4:  // quotes that open and never close, one in the other
      return filled("", "password='secret=\\\"", "");
    case 5:  // beginnings of everything, ends of nothing
      return filled("[\"", "sk-sk-1 apiapi_accessaccess-secre passwor ", "\"]");
    default:  // nearly JSON: what was made of it is thrown away at the last octet
      return filled("[", R"({"secret":"a","b":"c"},)", "");
  }
}

void redact(benchmark::State& state, Redaction (*how)(std::string_view)) {
  const std::string text = body(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    if (!http::is_utf8(text)) state.SkipWithError("not a body");
    benchmark::DoNotOptimize(how(text));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void secrets(benchmark::State& state) { redact(state, redact_secrets); }
void regex(benchmark::State& state) { redact(state, redact_tokens); }
BENCHMARK(secrets)->DenseRange(0, 6)->Unit(benchmark::kMicrosecond);
BENCHMARK(regex)->DenseRange(0, 6)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sallyport::middleware
