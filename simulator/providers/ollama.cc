// The dialect of Ollama: its own API, whose streams are lines of JSON and the default, and what it
// offers of OpenAI's under /v1.

#include <fmt/format.h>

#include "simulator/providers/asked.h"
#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers::ollama {
namespace {

constexpr std::string_view kChat = "/api/chat";
constexpr std::string_view kGenerate = "/api/generate";

std::string details() {
  return R"({"parent_model":"","format":"gguf","family":"sallyport",)"
         R"("families":["sallyport"],"parameter_size":"1B",)"
         R"("quantization_level":"Q4_0"})";
}

std::string model_object(const std::string& model, std::int64_t created_s) {
  return fmt::format(
      R"({{"name":{},"model":{},"modified_at":"{}","size":1000000,"digest":"{:0>64x}",)"
      R"("details":{}}})",
      quoted(model), quoted(model), rfc3339(created_s), tokens(model), details());
}

Answer list_models(const ProviderSpec& spec, std::int64_t created_s) {
  std::string items;
  for (const auto& model : spec.models) {
    if (!items.empty()) items += ',';
    items += model_object(model, created_s);
  }
  return json_answer(200, fmt::format(R"({{"models":[{}]}})", items));
}

// What every object of an answer begins with.
std::string beginning(const std::string& model, std::int64_t created_s) {
  return fmt::format(R"({{"model":{},"created_at":"{}")", quoted(model), rfc3339(created_s));
}

std::string content(bool chat, std::string_view text) {
  if (!chat) return fmt::format(R"("response":{})", quoted(text));
  return fmt::format(R"("message":{{"role":"assistant","content":{}}})", quoted(text));
}

std::string done(std::uint64_t asked, std::uint64_t out) {
  return fmt::format(
      R"("done":true,"done_reason":"stop","total_duration":1000000,"load_duration":1000,)"
      R"("prompt_eval_count":{},"prompt_eval_duration":1000,"eval_count":{},)"
      R"("eval_duration":1000}})",
      asked, out);
}

Answer embed(const std::string& model, const Request& request, const Asked& asked, bool one) {
  std::vector<std::string> inputs = asked.inputs;
  if (inputs.empty()) inputs.emplace_back();
  std::string items;
  for (const auto& input : inputs) {
    const auto vector = embedding(model + '\n' + request.nonce + '\n' + input, asked.dimensions);
    const std::string text = embedding_json(vector, false);
    if (one) return json_answer(200, fmt::format(R"({{"embedding":{}}})", text));
    items += (items.empty() ? "" : ",") + text;
  }
  return json_answer(200, fmt::format(R"({{"model":{},"embeddings":[{}],"total_duration":1000000,)"
                                      R"("load_duration":1000,"prompt_eval_count":{}}})",
                                      quoted(model), items, tokens(asked.text)));
}

Answer generate(const ProviderSpec& spec, const Request& request, const std::string& path,
                std::int64_t created_s) {
  const Asked asked = read_asked(request);
  if (!asked.valid) return error(400, "The body of the request isn't a JSON object.");
  if (!asked.model.empty() && !has_model(spec, asked.model)) {
    return error(404, fmt::format("There is no model {} here.", quoted(asked.model)));
  }
  const std::string model = model_of(spec, asked);
  if (path == "/api/embed") return embed(model, request, asked, false);
  if (path == "/api/embeddings") return embed(model, request, asked, true);
  if (path == "/api/show") {
    return json_answer(200, fmt::format(R"({{"details":{},"model_info":{{}},"capabilities":)"
                                        R"(["completion"]}})",
                                        details()));
  }
  Answer answer;
  if (asked.stream.value_or(true)) {
    answer.sse = spec.sse;
    return answer;
  }
  const std::string text = echo(request, asked);
  return json_answer(
      200, fmt::format("{},{},{}", beginning(model, created_s), content(path == kChat, text),
                       done(tokens(asked.text), tokens(text))));
}

bool generates(std::string_view path) {
  return path == kChat || path == kGenerate || path == "/api/embed" || path == "/api/embeddings" ||
         path == "/api/show";
}

bool is_compatible(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

}  // namespace

Answer error(int status, std::string_view message) {
  return json_answer(status, fmt::format(R"({{"error":{}}})", quoted(message)));
}

Answer answer(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  const std::string path = request.message.path();
  const std::string& method = request.message.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (is_compatible(path)) return openai::answer(spec, request, created_s);
  if (path == "/" && reads) {
    Answer answer;
    answer.body = "Ollama is running";
    return answer;
  }
  if (path == "/api/version" && reads) return json_answer(200, R"({"version":"0.6.0"})");
  if (path == "/api/tags" && reads) return list_models(spec, created_s);
  if (path == "/api/ps" && reads) return json_answer(200, R"({"models":[]})");
  if (generates(path) && method == "POST") return generate(spec, request, path, created_s);
  const bool known = path == "/" || path == "/api/version" || path == "/api/tags" ||
                     path == "/api/ps" || generates(path);
  if (known) return error(405, fmt::format("Not allowed to {} on {}.", method, path));
  return error(404, fmt::format("There is no {} here.", path));
}

Stream stream(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  const std::string path = request.message.path();
  if (path != kChat && path != kGenerate) return openai::stream(spec, request, created_s);
  const Asked asked = read_asked(request);
  const bool chat = path == kChat;
  const std::string text = echo(request, asked);
  const std::string begins = beginning(model_of(spec, asked), created_s);
  Stream stream;
  stream.form = Stream::Form::lines;
  stream.piece = [=](Piece piece) {
    const std::string said = content(chat, piece_text(text, piece.number));
    return StreamEvent{{}, fmt::format(R"({},{},"done":false}})", begins, said)};
  };
  stream.terminal = [=, in = tokens(asked.text)](std::uint64_t pieces) {
    return StreamEvent{{}, fmt::format("{},{},{}", begins, content(chat, ""), done(in, pieces))};
  };
  return stream;
}

}  // namespace sallyport::sim::providers::ollama
