// The dialect of Anthropic: messages, token counts, models.

#include <fmt/format.h>

#include "simulator/providers/asked.h"
#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers::anthropic {
namespace {

constexpr std::string_view kModels = "/v1/models";
constexpr std::string_view kMessages = "/v1/messages";
constexpr std::string_view kCount = "/v1/messages/count_tokens";

std::string model_object(const std::string& model, std::int64_t created_s) {
  return fmt::format(R"({{"type":"model","id":{},"display_name":{},"created_at":"{}"}})",
                     quoted(model), quoted(model), rfc3339(created_s));
}

Answer list_models(const ProviderSpec& spec, std::int64_t created_s) {
  std::string items;
  for (const auto& model : spec.models) {
    if (!items.empty()) items += ',';
    items += model_object(model, created_s);
  }
  const auto id = [&spec](bool first) {
    if (spec.models.empty()) return std::string("null");
    return quoted(first ? spec.models.front() : spec.models.back());
  };
  return json_answer(
      200, fmt::format(R"({{"data":[{}],"has_more":false,"first_id":{},"last_id":{}}})", items,
                       id(true), id(false)));
}

// A message; unfinished when there is no reason why it stopped.
std::string message(const Request& request, const std::string& model, std::string_view content,
                    std::string_view reason, std::uint64_t asked, std::uint64_t out) {
  return fmt::format(
      R"({{"id":"msg_{}","type":"message","role":"assistant","model":{},"content":[{}],)"
      R"("stop_reason":{},"stop_sequence":null,)"
      R"("usage":{{"input_tokens":{},"cache_creation_input_tokens":0,)"
      R"("cache_read_input_tokens":0,"output_tokens":{}}}}})",
      request_id(request), quoted(model), content, reason, asked, out);
}

// A block of content: a text, or a tool's use.
std::string block(const Request& request, const Asked& asked, std::string_view text,
                  std::string_view input) {
  if (!asked.tool) return fmt::format(R"({{"type":"text","text":{}}})", quoted(text));
  return fmt::format(R"({{"type":"tool_use","id":"toolu_{}","name":{},"input":{}}})",
                     request_id(request), quoted(asked.tool->name), input);
}

std::string_view reason(const Asked& asked) {
  return asked.tool ? R"("tool_use")" : R"("end_turn")";
}

Answer unknown_model(const Request& request, const std::string& model) {
  return error(request, 404, fmt::format("There is no model {} here.", model), "not_found_error");
}

Answer generate(const ProviderSpec& spec, const Request& request, bool count) {
  // The real one does so too, which is how a hop that drops the header shows: NVIDIA/OpenShell#320.
  if (wire::find_header(request.message.headers, "anthropic-version") == nullptr) {
    return error(request, 400, "anthropic-version: there is no such header",
                 "invalid_request_error");
  }
  const Asked asked = read_asked(request);
  if (!asked.valid) {
    return error(request, 400, "The body of the request isn't a JSON object.",
                 "invalid_request_error");
  }
  if (!asked.model.empty() && !has_model(spec, asked.model)) {
    return unknown_model(request, asked.model);
  }
  const std::uint64_t in = tokens(asked.text);
  if (count) return json_answer(200, fmt::format(R"({{"input_tokens":{}}})", in));
  Answer answer;
  if (asked.stream.value_or(false)) {
    answer.sse = spec.sse;
  } else {
    const std::string text = echo(request, asked);
    const std::string input = asked.tool ? arguments_of(*asked.tool, text) : std::string();
    answer.json = message(request, model_of(spec, asked), block(request, asked, text, input),
                          reason(asked), in, tokens(text));
  }
  answer.headers.emplace_back("request-id", "req_" + request_id(request));
  return answer;
}

// An event whose data says its own name.
StreamEvent typed(std::string_view type, std::string_view members) {
  return {std::string(type), fmt::format(R"({{"type":"{}"{}}})", type, members)};
}

// A part of the text, or of a tool's input: that whole, and then nothing more.
StreamEvent delta(const std::string& text, const std::optional<Asked::Tool>& tool, Piece piece) {
  if (tool) {
    const std::string part = piece.number == 1 ? arguments_of(*tool, text) : std::string();
    return typed("content_block_delta",
                 fmt::format(R"(,"index":0,"delta":{{"type":"input_json_delta",)"
                             R"("partial_json":{}}})",
                             quoted(part)));
  }
  return typed("content_block_delta",
               fmt::format(R"(,"index":0,"delta":{{"type":"text_delta","text":{}}})",
                           quoted(piece_text(text, piece.number))));
}

}  // namespace

Answer error(const Request& request, int status, std::string_view message, std::string_view type) {
  const std::string id = "req_" + request_id(request);
  Answer answer = json_answer(
      status,
      fmt::format(R"({{"type":"error","error":{{"type":"{}","message":{}}},"request_id":"{}"}})",
                  type, quoted(message), id));
  answer.headers.emplace_back("request-id", id);
  return answer;
}

Answer answer(const ProviderSpec& spec, const Request& request, std::int64_t created_s) {
  const std::string path = request.message.path();
  const std::string& method = request.message.method;
  const bool reads = method == "GET" || method == "HEAD";
  if (path == kModels && reads) return list_models(spec, created_s);
  if (path.starts_with("/v1/models/") && reads) {
    const std::string model = path.substr(kModels.size() + 1);
    if (!has_model(spec, model)) return unknown_model(request, model);
    return json_answer(200, model_object(model, created_s));
  }
  const bool generates = path == kMessages || path == kCount;
  if (generates && method == "POST") return generate(spec, request, path == kCount);
  if (generates || path == kModels) {
    return error(request, 405, fmt::format("Not allowed to {} on {}.", method, path),
                 "invalid_request_error");
  }
  return error(request, 404, fmt::format("There is no {} here.", path), "not_found_error");
}

Stream stream(const ProviderSpec& spec, const Request& request) {
  const Asked asked = read_asked(request);
  const std::string text = echo(request, asked);
  Stream stream;
  stream.opening.push_back(typed(
      "message_start", fmt::format(R"(,"message":{})", message(request, model_of(spec, asked), "",
                                                               "null", tokens(asked.text), 1))));
  stream.opening.push_back(
      typed("content_block_start",
            fmt::format(R"(,"index":0,"content_block":{})", block(request, asked, "", "{}"))));
  stream.opening.push_back(typed("ping", ""));
  stream.piece = [text, tool = asked.tool](Piece piece) { return delta(text, tool, piece); };
  stream.closings = 2;
  stream.closing = [stopped = reason(asked)](std::uint64_t which, std::uint64_t pieces) {
    if (which == 0) return typed("content_block_stop", R"(,"index":0)");
    return typed("message_delta",
                 fmt::format(R"(,"delta":{{"stop_reason":{},"stop_sequence":null}},)"
                             R"("usage":{{"output_tokens":{}}})",
                             stopped, pieces));
  };
  stream.terminal = [](std::uint64_t) { return typed("message_stop", ""); };
  return stream;
}

}  // namespace sallyport::sim::providers::anthropic
