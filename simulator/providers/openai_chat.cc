// Chat and completions of OpenAI's dialect, whole and streamed.

#include <fmt/format.h>

#include "simulator/providers/openai_said.h"

namespace sallyport::sim::providers::openai {
namespace {

std::string usage(const Said& it, std::string_view text) {
  const std::uint64_t out = tokens(text);
  const std::string_view details =
      it.ollama ? ""
                : R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
                  R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
                  R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0})";
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}{}}})",
                     it.asked_tokens, out, it.asked_tokens + out, details);
}

// What each object of a chat begins with; the rest is the caller's.
std::string beginning(const Said& it, std::string_view object) {
  const std::string_view prefix = object == "text_completion" ? "cmpl" : "chatcmpl";
  return fmt::format(R"({{"id":"{}-{}","object":"{}","created":{},"model":{},{})", prefix, it.id,
                     object, it.created_s, quoted(it.model),
                     it.ollama ? R"("system_fingerprint":"fp_ollama",)" : "");
}

// A function call; its arguments may be still to come.
std::string call(const Said& it, std::string_view arguments) {
  return fmt::format(R"("id":"call_{}","type":"function","function":{{"name":{},"arguments":{}}})",
                     it.id, quoted(it.tool->name), quoted(arguments));
}

std::string message(const Said& it) {
  const std::string_view more = it.ollama ? "" : R"(,"refusal":null,"annotations":[])";
  if (!it.tool) {
    return fmt::format(R"({{"role":"assistant","content":{}{}}})", quoted(it.text), more);
  }
  return fmt::format(R"({{"role":"assistant","content":null,"tool_calls":[{{{}}}]{}}})",
                     call(it, arguments_of(*it.tool, it.text)), more);
}

std::string_view logprobs(const Said& it) { return it.ollama ? "" : R"("logprobs":null,)"; }

std::string_view chat_reason(const Said& it) { return it.tool ? "tool_calls" : "stop"; }

// A part of a streamed chat: its one choice, or none, and how many tokens went.
StreamEvent chunk(const Said& it, std::string_view choices, std::string_view used) {
  const std::string counted =
      it.usage ? fmt::format(R"(,"usage":{})", used.empty() ? "null" : used) : std::string();
  return {{},
          fmt::format(R"({}"choices":[{}]{}}})", beginning(it, "chat.completion.chunk"), choices,
                      counted)};
}

StreamEvent chat_chunk(const Said& it, std::string_view delta, std::string_view reason) {
  return chunk(it,
               fmt::format(R"({{"index":0,"delta":{{{}}},{}"finish_reason":{}}})", delta,
                           logprobs(it), reason),
               "");
}

StreamEvent chat_opening(const Said& it) {
  const std::string_view refusal = it.ollama ? "" : R"(,"refusal":null)";
  if (!it.tool) {
    return chat_chunk(it, fmt::format(R"("role":"assistant","content":""{})", refusal), "null");
  }
  return chat_chunk(it,
                    fmt::format(R"("role":"assistant","content":null,"tool_calls":)"
                                R"([{{"index":0,{}}}]{})",
                                call(it, ""), refusal),
                    "null");
}

StreamEvent chat_piece(const Said& it, Piece piece) {
  if (it.tool) {
    // The arguments, and then blanks, which are JSON still.
    const std::string part = piece.number == 1 ? arguments_of(*it.tool, it.text) : " ";
    return chat_chunk(
        it,
        fmt::format(R"("tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}])", quoted(part)),
        "null");
  }
  const std::string_view role = it.ollama ? R"("role":"assistant",)" : "";
  return chat_chunk(
      it, fmt::format(R"({}"content":{})", role, quoted(piece_text(it.text, piece.number))),
      "null");
}

StreamEvent chat_closing(const Said& it, std::uint64_t which, std::uint64_t pieces) {
  if (which > 0) return chunk(it, "", usage(it, all_text(it.text, pieces)));
  const std::string_view delta =
      it.ollama && !it.tool ? R"("role":"assistant","content":"")" : std::string_view();
  return chat_chunk(it, delta, quoted(chat_reason(it)));
}

StreamEvent completion_chunk(const Said& it, std::string_view text, std::string_view reason) {
  return {{},
          fmt::format(R"({}"choices":[{{"index":0,"text":{},{}"finish_reason":{}}}]}})",
                      beginning(it, "text_completion"), quoted(text), logprobs(it), reason)};
}

StreamEvent done(std::uint64_t) { return {{}, "[DONE]"}; }

}  // namespace

std::string chat(const Said& it) {
  return fmt::format(
      R"({}"choices":[{{"index":0,"message":{},{}"finish_reason":"{}"}}],"usage":{}}})",
      beginning(it, "chat.completion"), message(it), logprobs(it), chat_reason(it),
      usage(it, it.text));
}

std::string completion(const Said& it) {
  return fmt::format(
      R"({}"choices":[{{"index":0,"text":{},{}"finish_reason":"stop"}}],"usage":{}}})",
      beginning(it, "text_completion"), quoted(it.text), logprobs(it), usage(it, it.text));
}

Stream chat_stream(const Said& it) {
  Stream stream;
  if (!it.ollama || it.tool) stream.opening.push_back(chat_opening(it));
  stream.piece = [it](Piece piece) { return chat_piece(it, piece); };
  stream.closings = it.usage ? 2 : 1;
  stream.closing = [it](std::uint64_t which, std::uint64_t pieces) {
    return chat_closing(it, which, pieces);
  };
  stream.terminal = done;
  return stream;
}

Stream completion_stream(const Said& it) {
  Stream stream;
  stream.piece = [it](Piece piece) {
    return completion_chunk(it, piece_text(it.text, piece.number), "null");
  };
  stream.closings = 1;
  stream.closing = [it](std::uint64_t, std::uint64_t) {
    return completion_chunk(it, "", R"("stop")");
  };
  stream.terminal = done;
  return stream;
}

}  // namespace sallyport::sim::providers::openai
