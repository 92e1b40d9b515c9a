#include "simulator/providers/dialects.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace sallyport::sim::providers {
namespace {

std::string quoted(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

Answer json_answer(int status, std::string json) {
  Answer answer;
  answer.status = status;
  answer.json = std::move(json);
  return answer;
}

Answer error_answer(int status, std::string_view message, std::string_view type,
                    std::string_view code) {
  return json_answer(status,
                     fmt::format(R"({{"error":{{"message":{},"type":{},"param":null,"code":{}}}}})",
                                 quoted(message), quoted(type),
                                 code.empty() ? std::string("null") : quoted(code)));
}

// What of a request's body a good provider looks at.
struct Asked {
  bool valid = false;  // a JSON object
  bool stream = false;
  std::string model;
  std::string text;  // the last user content, prompt or input
};

std::string text_of(const rapidjson::Value& value) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  if (!value.IsArray()) return {};
  std::string all;
  for (const auto& part : value.GetArray()) {
    if (part.IsString()) all += text_of(part);
    if (!part.IsObject()) continue;
    for (const char* name : {"text", "content"}) {
      const auto member = part.FindMember(name);
      if (member != part.MemberEnd()) all += text_of(member->value);
    }
  }
  return all;
}

std::string last_user_content(const rapidjson::Value& messages) {
  std::string last;
  if (!messages.IsArray()) return last;
  for (const auto& message : messages.GetArray()) {
    if (!message.IsObject()) continue;
    const auto role = message.FindMember("role");
    const auto content = message.FindMember("content");
    if (role == message.MemberEnd() || content == message.MemberEnd()) continue;
    if (text_of(role->value) == "user") last = text_of(content->value);
  }
  return last;
}

Asked read_body(const Request& request) {
  Asked asked;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(request.message.body.data(),
                                                 request.message.body.size());
  if (document.HasParseError() || !document.IsObject()) return asked;
  asked.valid = true;
  for (const auto& member : document.GetObject()) {
    const std::string name = text_of(member.name);
    if (name == "stream") asked.stream = member.value.IsTrue();
    if (name == "model") asked.model = text_of(member.value);
    if (name == "messages") asked.text = last_user_content(member.value);
    if (name == "prompt" || name == "input") asked.text = text_of(member.value);
  }
  return asked;
}

std::string model_of(const ProviderSpec& spec, const Asked& asked) {
  if (!asked.model.empty()) return asked.model;
  return spec.models.empty() ? "m1" : spec.models.front();
}

// What the answer says: the question again, and the nonce if it isn't in it.
std::string echo(const Request& request, const Asked& asked) {
  std::string text = asked.text;
  if (!request.nonce.empty() && text.find(request.nonce) == std::string::npos) {
    text += text.empty() ? request.nonce : " " + request.nonce;
  }
  return text;
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

constexpr std::string_view kUsage =
    R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2})";

std::string whole_answer(std::string_view path, const std::string& model, const std::string& text,
                         std::int64_t created_s) {
  if (path == "/v1/completions") {
    return fmt::format(
        R"({{"id":"cmpl-1","object":"text_completion","created":{},"model":{},"choices":)"
        R"([{{"index":0,"text":{},"logprobs":null,"finish_reason":"stop"}}],{}}})",
        created_s, quoted(model), quoted(text), kUsage);
  }
  if (path == "/v1/responses") {
    return fmt::format(
        R"({{"id":"resp_1","object":"response","created_at":{},"status":"completed","error":null,)"
        R"("model":{},"output":[{{"type":"message","id":"msg_1","role":"assistant","content":)"
        R"([{{"type":"output_text","text":{},"annotations":[]}}]}}],)"
        R"("usage":{{"input_tokens":1,"output_tokens":1,"total_tokens":2}}}})",
        created_s, quoted(model), quoted(text));
  }
  if (path == "/v1/embeddings") {
    return fmt::format(
        R"({{"object":"list","model":{},"data":[{{"object":"embedding","index":0,)"
        R"("embedding":[0.25,-0.5,0.125]}}],"usage":{{"prompt_tokens":1,"total_tokens":1}}}})",
        quoted(model));
  }
  return fmt::format(
      R"({{"id":"chatcmpl-1","object":"chat.completion","created":{},"model":{},"choices":)"
      R"([{{"index":0,"message":{{"role":"assistant","content":{}}},"finish_reason":"stop"}}],)"
      R"({}}})",
      created_s, quoted(model), quoted(text), kUsage);
}

bool generates(std::string_view path) {
  return path == "/v1/chat/completions" || path == "/v1/completions" || path == "/v1/responses" ||
         path == "/v1/embeddings";
}

Answer openai(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  constexpr std::string_view kModels = "/v1/models";
  const std::string path = request.message.path();
  const std::string& method = request.message.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (path == kModels && reads) return list_models(spec, created_s);
  if (path.starts_with("/v1/models/") && reads) {
    return json_answer(200, model_object(path.substr(kModels.size() + 1), created_s));
  }
  if (path == kModels || generates(path)) {
    if (method != "POST" || path == kModels) {
      return error_answer(405, fmt::format("Not allowed to {} on {}.", method, path),
                          "invalid_request_error", "method_not_supported");
    }
    const Asked asked = read_body(request);
    if (!asked.valid) {
      return error_answer(400, "The body of the request isn't a JSON object.",
                          "invalid_request_error", "invalid_json");
    }
    if (asked.stream && path != "/v1/embeddings") {
      Answer answer;
      answer.sse = spec.sse;
      return answer;
    }
    return json_answer(200,
                       whole_answer(path, model_of(spec, asked), echo(request, asked), created_s));
  }
  return error_answer(404, fmt::format("Invalid URL ({} {})", method, path),
                      "invalid_request_error", "unknown_url");
}

Answer plain(const Request& request) {
  Answer answer;
  const auto* type = wire::find_header(request.message.headers, "content-type");
  const bool has_body = request.message.body_size > 0;
  if (has_body && type != nullptr) answer.headers.emplace_back("Content-Type", *type);
  answer.body =
      has_body ? request.message.body : request.message.method + " " + request.message.path();
  return answer;
}

std::string event_text(std::string_view path, const std::string& model, const std::string& piece,
                       bool first, bool last, std::int64_t created_s) {
  const std::string_view reason = last ? R"("stop")" : "null";
  if (path == "/v1/completions") {
    return fmt::format(
        R"({{"id":"cmpl-1","object":"text_completion","created":{},"model":{},"choices":)"
        R"([{{"index":0,"text":{},"logprobs":null,"finish_reason":{}}}]}})",
        created_s, quoted(model), quoted(piece), reason);
  }
  if (path == "/v1/responses") {
    return fmt::format(
        R"({{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,)"
        R"("content_index":0,"delta":{}}})",
        quoted(piece));
  }
  const std::string_view role = first ? R"("role":"assistant",)" : "";
  return fmt::format(
      R"({{"id":"chatcmpl-1","object":"chat.completion.chunk","created":{},"model":{},"choices":)"
      R"([{{"index":0,"delta":{{{}"content":{}}},"finish_reason":{}}}]}})",
      created_s, quoted(model), role, quoted(piece), reason);
}

}  // namespace

Answer dialect_answer(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  return spec.dialect == Dialect::openai ? openai(spec, request, created_s) : plain(request);
}

Answer unauthorized(const ProviderSpec& spec, const Request& request) {
  const bool none = request.key == "none";
  const std::string_view message =
      none ? "You didn't provide an API key." : "Incorrect API key provided.";
  Answer answer;
  if (spec.dialect == Dialect::openai) {
    answer = error_answer(401, message, "invalid_request_error", none ? "" : "invalid_api_key");
  } else {
    answer.status = 401;
    answer.body = message;
  }
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

std::vector<std::string> stream_events(const ProviderSpec& spec, const Request& request,
                                       std::uint64_t count, std::int64_t created_s) {
  const Asked asked = read_body(request);
  const std::string model = model_of(spec, asked);
  std::vector<std::string> events;
  for (std::uint64_t number = 1; number <= count; ++number) {
    const std::string piece = number == 1 ? echo(request, asked) : fmt::format(" {}", number);
    events.push_back(
        event_text(request.message.path(), model, piece, number == 1, number == count, created_s));
  }
  return events;
}

std::string terminal_event(const ProviderSpec& spec, const Request& request) {
  const bool responses = request.message.path() == "/v1/responses";
  if (spec.dialect != Dialect::openai || !responses) return "[DONE]";
  return R"({"type":"response.completed","response":{"id":"resp_1","status":"completed"}})";
}

bool path_fits(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() != '*') {
    return !path.empty() && pattern.front() == path.front() &&
           path_fits(pattern.substr(1), path.substr(1));
  }
  const bool across = pattern.starts_with("**");
  const std::string_view rest = pattern.substr(across ? 2 : 1);
  for (std::size_t taken = 0; taken <= path.size(); ++taken) {
    if (path_fits(rest, path.substr(taken))) return true;
    if (taken < path.size() && path[taken] == '/' && !across) return false;
  }
  return false;
}

}  // namespace sallyport::sim::providers
