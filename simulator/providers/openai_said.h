// What all objects of one answer in OpenAI's dialect say alike, and those objects by API. Ollama's
// compatible face says less of itself, and says it a little differently. The shapes are held
// against fixtures/transcripts. Pure; internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/providers/asked.h"
#include "simulator/providers/stream.h"

namespace sallyport::sim::providers::openai {

struct Said {
  std::string id;
  std::string model;
  std::string text;
  std::uint64_t asked_tokens = 1;
  std::int64_t created_s = 0;
  bool ollama = false;  // as Ollama's face under /v1
  bool usage = false;   // a stream ends with the number of tokens
  std::optional<Asked::Tool> tool;
};

[[nodiscard]] std::string chat(const Said& it);
[[nodiscard]] Stream chat_stream(const Said& it);

[[nodiscard]] std::string completion(const Said& it);
[[nodiscard]] Stream completion_stream(const Said& it);

[[nodiscard]] std::string whole_response(const Said& it, std::string_view text);
[[nodiscard]] Stream response_stream(const Said& it);

}  // namespace sallyport::sim::providers::openai
