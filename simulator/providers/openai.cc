// The dialect of OpenAI: chat, completions, responses, embeddings, models.

#include <fmt/format.h>

#include "simulator/providers/asked.h"
#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers::openai {
namespace {

constexpr std::string_view kModels = "/v1/models";
constexpr std::string_view kResponses = "/v1/responses";

// What all objects of one answer say alike.
struct Said {
  std::string id;
  std::string model;
  std::string text;
  std::uint64_t asked_tokens = 1;
  std::int64_t created_s = 0;
};

Said said(const ProviderSpec& spec, const Request& request, const Asked& asked,
          std::int64_t created_s) {
  return {request_id(request), model_of(spec, asked), echo(request, asked), tokens(asked.text),
          created_s};
}

std::string usage(const Said& it, std::string_view text) {
  const std::uint64_t out = tokens(text);
  return fmt::format(R"("usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                     it.asked_tokens, out, it.asked_tokens + out);
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

std::string chat(const Said& it) {
  return fmt::format(
      R"({{"id":"chatcmpl-{}","object":"chat.completion","created":{},"model":{},"choices":)"
      R"([{{"index":0,"message":{{"role":"assistant","content":{}}},"finish_reason":"stop"}}],)"
      R"({}}})",
      it.id, it.created_s, quoted(it.model), quoted(it.text), usage(it, it.text));
}

std::string completion(const Said& it) {
  return fmt::format(
      R"({{"id":"cmpl-{}","object":"text_completion","created":{},"model":{},"choices":)"
      R"([{{"index":0,"text":{},"logprobs":null,"finish_reason":"stop"}}],{}}})",
      it.id, it.created_s, quoted(it.model), quoted(it.text), usage(it, it.text));
}

std::string part(std::string_view text) {
  return fmt::format(R"({{"type":"output_text","text":{},"annotations":[]}})", quoted(text));
}

std::string item(const Said& it, std::string_view status, std::string_view content) {
  return fmt::format(
      R"({{"type":"message","id":"msg_{}","status":"{}","role":"assistant","content":[{}]}})",
      it.id, status, content);
}

std::string response(const Said& it, std::string_view status, std::string_view output,
                     std::string_view text) {
  const std::uint64_t out = tokens(text);
  const std::string used =
      status == "completed"
          ? fmt::format(R"({{"input_tokens":{},"output_tokens":{},"total_tokens":{}}})",
                        it.asked_tokens, out, it.asked_tokens + out)
          : std::string("null");
  return fmt::format(
      R"({{"id":"resp_{}","object":"response","created_at":{},"status":"{}","error":null,)"
      R"("model":{},"output":[{}],"usage":{}}})",
      it.id, it.created_s, status, quoted(it.model), output, used);
}

std::string whole_response(const Said& it, std::string_view text) {
  return response(it, "completed", item(it, "completed", part(text)), text);
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

StreamEvent chat_piece(const Said& it, Piece piece) {
  const std::string_view role = piece.number == 1 ? R"("role":"assistant",)" : "";
  const std::string_view reason = piece.number == piece.of ? R"("stop")" : "null";
  return {{},
          fmt::format(R"({{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":{},)"
                      R"("model":{},"choices":[{{"index":0,"delta":{{{}"content":{}}},)"
                      R"("finish_reason":{}}}]}})",
                      it.id, it.created_s, quoted(it.model), role,
                      quoted(piece_text(it.text, piece.number)), reason)};
}

StreamEvent completion_piece(const Said& it, Piece piece) {
  const std::string_view reason = piece.number == piece.of ? R"("stop")" : "null";
  return {{},
          fmt::format(R"({{"id":"cmpl-{}","object":"text_completion","created":{},"model":{},)"
                      R"("choices":[{{"index":0,"text":{},"logprobs":null,"finish_reason":{}}}]}})",
                      it.id, it.created_s, quoted(it.model),
                      quoted(piece_text(it.text, piece.number)), reason)};
}

// An event whose data says its own name.
StreamEvent typed(std::string_view type, std::string_view members) {
  return {std::string(type), fmt::format(R"({{"type":"{}",{}}})", type, members)};
}

// Where in a response its one text is.
std::string place(const Said& it) {
  return fmt::format(R"("item_id":"msg_{}","output_index":0,"content_index":0,)", it.id);
}

StreamEvent response_closing(const Said& it, std::uint64_t which, std::uint64_t pieces) {
  const std::string text = all_text(it.text, pieces);
  if (which == 0) {
    return typed("response.output_text.done",
                 fmt::format(R"({}"text":{})", place(it), quoted(text)));
  }
  if (which == 1) {
    return typed("response.content_part.done",
                 fmt::format(R"({}"part":{})", place(it), part(text)));
  }
  return typed("response.output_item.done",
               fmt::format(R"("output_index":0,"item":{})", item(it, "completed", part(text))));
}

Stream response_stream(const Said& it) {
  Stream stream;
  stream.numbered = true;
  stream.opening.push_back(typed(
      "response.created", fmt::format(R"("response":{})", response(it, "in_progress", "", ""))));
  stream.opening.push_back(
      typed("response.output_item.added",
            fmt::format(R"("output_index":0,"item":{})", item(it, "in_progress", ""))));
  stream.opening.push_back(
      typed("response.content_part.added", fmt::format(R"({}"part":{})", place(it), part(""))));
  stream.piece = [it](Piece piece) {
    return typed(
        "response.output_text.delta",
        fmt::format(R"({}"delta":{})", place(it), quoted(piece_text(it.text, piece.number))));
  };
  stream.closings = 3;
  stream.closing = [it](std::uint64_t which, std::uint64_t pieces) {
    return response_closing(it, which, pieces);
  };
  stream.terminal = [it](std::uint64_t pieces) {
    return typed("response.completed",
                 fmt::format(R"("response":{})", whole_response(it, all_text(it.text, pieces))));
  };
  return stream;
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
  Stream stream;
  if (path == "/v1/completions") {
    stream.piece = [it](Piece piece) { return completion_piece(it, piece); };
  } else {
    stream.piece = [it](Piece piece) { return chat_piece(it, piece); };
  }
  stream.terminal = [](std::uint64_t) { return StreamEvent{{}, "[DONE]"}; };
  return stream;
}

}  // namespace sallyport::sim::providers::openai
