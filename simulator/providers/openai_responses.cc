// Responses of OpenAI's dialect, whole and streamed.

#include <fmt/format.h>

#include "simulator/providers/openai_said.h"

namespace sallyport::sim::providers::openai {
namespace {

// What a response repeats of how it was asked for.
constexpr std::string_view kAsked =
    R"("incomplete_details":null,"instructions":null,"max_output_tokens":null,)"
    R"("parallel_tool_calls":true,"previous_response_id":null,)"
    R"("reasoning":{"effort":null,"summary":null},"store":false,"temperature":1.0,)"
    R"("text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,)"
    R"("truncation":"disabled","metadata":{})";

std::string part(std::string_view text) {
  return fmt::format(R"({{"type":"output_text","text":{},"annotations":[],"logprobs":[]}})",
                     quoted(text));
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
          ? fmt::format(R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},)"
                        R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":0}},)"
                        R"("total_tokens":{}}})",
                        it.asked_tokens, out, it.asked_tokens + out)
          : std::string("null");
  return fmt::format(
      R"({{"id":"resp_{}","object":"response","created_at":{},"status":"{}","error":null,)"
      R"("model":{},{},"output":[{}],"usage":{}}})",
      it.id, it.created_s, status, quoted(it.model), kAsked, output, used);
}

// An event whose data says its own name.
StreamEvent typed(std::string_view type, std::string_view members) {
  return {std::string(type), fmt::format(R"({{"type":"{}",{}}})", type, members)};
}

// Where in a response its one text is.
std::string place(const Said& it) {
  return fmt::format(R"("item_id":"msg_{}","output_index":0,"content_index":0,)", it.id);
}

StreamEvent closing(const Said& it, std::uint64_t which, std::uint64_t pieces) {
  const std::string text = all_text(it.text, pieces);
  if (which == 0) {
    return typed("response.output_text.done",
                 fmt::format(R"({}"logprobs":[],"text":{})", place(it), quoted(text)));
  }
  if (which == 1) {
    return typed("response.content_part.done",
                 fmt::format(R"({}"part":{})", place(it), part(text)));
  }
  return typed("response.output_item.done",
               fmt::format(R"("output_index":0,"item":{})", item(it, "completed", part(text))));
}

}  // namespace

std::string whole_response(const Said& it, std::string_view text) {
  return response(it, "completed", item(it, "completed", part(text)), text);
}

Stream response_stream(const Said& it) {
  Stream stream;
  stream.numbered = true;
  for (const std::string_view type : {"response.created", "response.in_progress"}) {
    stream.opening.push_back(
        typed(type, fmt::format(R"("response":{})", response(it, "in_progress", "", ""))));
  }
  stream.opening.push_back(
      typed("response.output_item.added",
            fmt::format(R"("output_index":0,"item":{})", item(it, "in_progress", ""))));
  stream.opening.push_back(
      typed("response.content_part.added", fmt::format(R"({}"part":{})", place(it), part(""))));
  stream.piece = [it](Piece piece) {
    const std::string text = piece_text(it.text, piece.number);
    return typed("response.output_text.delta",
                 fmt::format(R"({}"logprobs":[],"delta":{})", place(it), quoted(text)));
  };
  stream.closings = 3;
  stream.closing = [it](std::uint64_t which, std::uint64_t pieces) {
    return closing(it, which, pieces);
  };
  stream.terminal = [it](std::uint64_t pieces) {
    return typed("response.completed",
                 fmt::format(R"("response":{})", whole_response(it, all_text(it.text, pieces))));
  };
  return stream;
}

}  // namespace sallyport::sim::providers::openai
