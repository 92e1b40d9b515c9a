// What a request asks of a model, whatever the dialect, as far as a good provider looks at it; and
// the small things that all dialects make answers of. Pure; internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/providers/request.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

struct Asked {
  bool valid = false;  // the body is a JSON object
  std::optional<bool> stream;
  std::string model;
  std::string text;                 // the last user content, prompt or input
  std::vector<std::string> inputs;  // each of an embedding's `input`; at most kInputsMax
  std::uint64_t dimensions = 8;     // of an embedding; at most kDimensionsMax
  bool base64 = false;              // vectors are wanted as base64 of 32-bit floats
  bool usage = false;               // a stream is to end with the number of tokens
  struct Tool {
    std::string name;
    std::vector<std::string> texts;  // arguments that are texts
  };
  // The call that a good provider answers with: of the first tool that it is offered, unless the
  // last message already brings a tool's result.
  std::optional<Tool> tool;
};

inline constexpr std::size_t kInputsMax = 2048;
inline constexpr std::uint64_t kDimensionsMax = 4096;

[[nodiscard]] Asked read_asked(const Request& request);

// The model that answers: the one asked for, else the first.
[[nodiscard]] std::string model_of(const ProviderSpec& spec, const Asked& asked);
// Whether the provider has it; one without a list has all.
[[nodiscard]] bool has_model(const ProviderSpec& spec, std::string_view model);

// The arguments of a call as JSON: each is the text.
[[nodiscard]] std::string arguments_of(const Asked::Tool& tool, std::string_view text);

// What an answer says: the question again, and the request's nonce if it isn't in it.
[[nodiscard]] std::string echo(const Request& request, const Asked& asked);
// Names the request: its nonce, else a hash of what it says.
[[nodiscard]] std::string request_id(const Request& request);
// So many components, each from -1 to 1, that follow from the text and nothing else.
[[nodiscard]] std::vector<float> embedding(std::string_view text, std::uint64_t dimensions);
// As JSON: an array of numbers, or a string of base64.
[[nodiscard]] std::string embedding_json(const std::vector<float>& vector, bool base64);
// About as many as a tokenizer would find; at least 1.
[[nodiscard]] std::uint64_t tokens(std::string_view text);

// A JSON string.
[[nodiscard]] std::string quoted(std::string_view text);
// `2026-11-22T05:30:00Z`.
[[nodiscard]] std::string rfc3339(std::int64_t seconds);
[[nodiscard]] Answer json_answer(int status, std::string json);

}  // namespace sallyport::sim::providers
