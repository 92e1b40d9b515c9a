// The dialect of OpenAI: chat, completions, responses, embeddings, models.

#include <fmt/format.h>

#include "simulator/providers/asked.h"
#include "simulator/providers/dialects.h"
#include "simulator/providers/openai_said.h"

namespace sallyport::sim::providers::openai {
namespace {

constexpr std::string_view kModels = "/v1/models";
constexpr std::string_view kResponses = "/v1/responses";

Said said(const ProviderSpec& spec, const Request& request, const Asked& asked,
          std::int64_t created_s) {
  Said it;
  it.id = request_id(request);
  it.model = model_of(spec, asked);
  it.text = echo(request, asked);
  it.asked_tokens = tokens(asked.text);
  it.created_s = created_s;
  it.ollama = spec.dialect == Dialect::ollama;
  it.usage = asked.usage;
  it.tool = asked.tool;
  return it;
}

std::string model_object(const std::string& model, std::int64_t created_s) {
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":"sallyport"}})",
                     quoted(model), created_s);
}

Answer list_models(const ProviderSpec& spec, std::int64_t created_s) {
  std::string items;
  for (const auto& model : spec.models) {
    if (!items.empty()) items += ',';
    items += model_object(model, created_s);
  }
  return json_answer(200, fmt::format(R"({{"object":"list","data":[{}]}})", items));
}

Answer unknown_model(const std::string& model) {
  return error(404, fmt::format("There is no model {} here.", model), "invalid_request_error",
               "model_not_found");
}

// One vector for each input, from it and the request's nonce.
std::string embeddings(const Said& it, const Request& request, const Asked& asked) {
  std::vector<std::string> inputs = asked.inputs;
  if (inputs.empty()) inputs.emplace_back();
  std::string items;
  std::uint64_t used = 0;
  for (std::size_t at = 0; at < inputs.size(); ++at) {
    used += tokens(inputs[at]);
    const auto vector =
        embedding(it.model + '\n' + request.nonce + '\n' + inputs[at], asked.dimensions);
    items += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":{}}})",
                         at == 0 ? "" : ",", at, embedding_json(vector, asked.base64));
  }
  return fmt::format(R"({{"object":"list","model":{},"data":[{}],)"
                     R"("usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                     quoted(it.model), items, used, used);
}

bool generates(std::string_view path) {
  return path == "/v1/chat/completions" || path == "/v1/completions" || path == kResponses ||
         path == "/v1/embeddings";
}

Answer generate(const ProviderSpec& spec, const Request& request, const std::string& path,
                std::int64_t created_s) {
  const Asked asked = read_asked(request);
  if (!asked.valid) {
    return error(400, "The body of the request isn't a JSON object.", "invalid_request_error",
                 "invalid_json");
  }
  if (!asked.model.empty() && !has_model(spec, asked.model)) return unknown_model(asked.model);
  const Said it = said(spec, request, asked, created_s);
  if (path == "/v1/embeddings") return json_answer(200, embeddings(it, request, asked));
  if (asked.stream.value_or(false)) {
    Answer answer;
    answer.sse = spec.sse;
    return answer;
  }
  if (path == "/v1/completions") return json_answer(200, completion(it));
  if (path == kResponses) return json_answer(200, whole_response(it, it.text));
  return json_answer(200, chat(it));
}

}  // namespace

Answer error(int status, std::string_view message, std::string_view type, std::string_view code) {
  return json_answer(status,
                     fmt::format(R"({{"error":{{"message":{},"type":{},"param":null,"code":{}}}}})",
                                 quoted(message), quoted(type),
                                 code.empty() ? std::string("null") : quoted(code)));
}

Answer answer(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  const std::string path = request.message.path();
  const std::string& method = request.message.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (path == kModels && reads) return list_models(spec, created_s);
  if (path.starts_with("/v1/models/") && reads) {
    const std::string model = path.substr(kModels.size() + 1);
    if (!has_model(spec, model)) return unknown_model(model);
    return json_answer(200, model_object(model, created_s));
  }
  if (generates(path) && method == "POST") return generate(spec, request, path, created_s);
  if (path == kModels || generates(path)) {
    return error(405, fmt::format("Not allowed to {} on {}.", method, path),
                 "invalid_request_error", "method_not_supported");
  }
  return error(404, fmt::format("Invalid URL ({} {})", method, path), "invalid_request_error",
               "unknown_url");
}

Stream stream(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  const Said it = said(spec, request, read_asked(request), created_s);
  const std::string path = request.message.path();
  if (path == kResponses) return response_stream(it);
  if (path == "/v1/completions") return completion_stream(it);
  return chat_stream(it);
}

}  // namespace sallyport::sim::providers::openai
