// The tokens of a call, read off its answer while that passes: of a JSON document or of a stream of
// events, in OpenAI's and Anthropic's spelling. Holds a few octets and no text of the answer,
// whatever comes; looks at each octet once. Only members that stand where a provider puts them
// count: what a model says, or a client had echoed, is text in there. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reference/http/response_parser.h"

namespace sallyport::inference {

// As far as the answer told. A stream that tells more than once has the last word.
struct Usage {
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> output_tokens;
};

class UsageScanner {
 public:
  // Looks at nothing where the answer is coded, or is neither JSON nor events.
  explicit UsageScanner(const http::AnswerHead& answer);

  // The body's payload, piece by piece.
  void take(std::string_view piece);
  [[nodiscard]] const Usage& usage() const { return usage_; }

 private:
  enum class Form { none, json, events };
  // Of a line of events: `data:` is being matched, its JSON is being read, the rest is passed over.
  enum class Line { field, json, other };
  enum class Name { none, usage, envelope, input, output };
  enum class Token { between, text, escape, number };
  static constexpr std::size_t kDepths = 4;    // deeper members are nobody's usage
  static constexpr std::size_t kNameMax = 17;  // completion_tokens

  void take_octet(char octet);
  void take_event_octet(char octet);
  void begin_document();
  void end_text();
  void open();
  void close();
  void end_number();
  [[nodiscard]] Name name_of_text() const;
  [[nodiscard]] bool in_usage() const;

  Form form_ = Form::none;
  Line line_ = Line::field;
  Token token_ = Token::between;
  std::size_t field_octets_ = 0;    // of `data:` matched
  std::uint64_t depth_ = 0;         // open brackets
  std::array<Name, kDepths> at_{};  // the member that is being read, by depth
  Name last_text_ = Name::none;     // the text just ended: a name if a colon follows
  std::array<char, kNameMax> text_{};
  std::size_t text_octets_ = 0;  // kNameMax + 1: no name of ours
  std::uint64_t number_ = 0;
  bool whole_number_ = false;
  Usage usage_;
};

}  // namespace sallyport::inference
