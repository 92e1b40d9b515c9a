#include "reference/inference/usage.h"

#include <algorithm>

#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

constexpr std::string_view kData = "data:";
// No provider bills as many; a longer number is none.
constexpr std::uint64_t kTokensMax = 1'000'000'000'000'000;

bool is_coded(const http::AnswerHead& answer) {
  return std::any_of(answer.fields.begin(), answer.fields.end(), [](const http::Field& field) {
    return http::equal_ignoring_case(field.name, "content-encoding") &&
           !http::equal_ignoring_case(http::trim(field.value), "identity");
  });
}

}  // namespace

UsageScanner::UsageScanner(const http::AnswerHead& answer) {
  const auto type = answer.fields.find("content-type");
  if (!type || is_coded(answer)) return;
  const std::string_view essence = http::trim(type->substr(0, type->find(';')));
  if (http::equal_ignoring_case(essence, "text/event-stream")) form_ = Form::events;
  if (http::equal_ignoring_case(essence, "application/json")) form_ = Form::json;
}

void UsageScanner::take(std::string_view piece) {
  if (form_ == Form::none) return;
  for (std::size_t at = 0; at < piece.size(); ++at) {
    // Most of an answer is text between quotes, and most of that is nobody's name.
    if (token_ == Token::text && text_octets_ > kNameMax && form_ == Form::json) {
      const std::size_t end = piece.find_first_of("\"\\", at);
      if (end == std::string_view::npos) return;
      at = end;
    }
    if (form_ == Form::events) {
      take_event_octet(piece[at]);
    } else {
      take_octet(piece[at]);
    }
  }
}

// JSON of an event stands in one line: a line's end begins anew, whatever was open.
void UsageScanner::take_event_octet(char octet) {
  if (octet == '\n' || octet == '\r') {
    if (line_ == Line::json) end_number();
    begin_document();
    line_ = Line::field;
    field_octets_ = 0;
    return;
  }
  if (line_ == Line::json) return take_octet(octet);
  if (line_ == Line::other) return;
  if (octet != kData[field_octets_]) {
    line_ = Line::other;
  } else if (++field_octets_ == kData.size()) {
    line_ = Line::json;
  }
}

void UsageScanner::begin_document() {
  token_ = Token::between;
  depth_ = 0;
  at_.fill(Name::none);
  last_text_ = Name::none;
}

void UsageScanner::take_octet(char octet) {
  switch (token_) {
    case Token::escape:
      token_ = Token::text;
      return;
    case Token::text:
      if (octet == '"') {
        end_text();
      } else if (octet == '\\') {
        token_ = Token::escape;
        text_octets_ = kNameMax + 1;  // no name of ours needs one
      } else if (text_octets_ < kNameMax) {
        text_[text_octets_++] = octet;
      } else {
        text_octets_ = kNameMax + 1;
      }
      return;
    case Token::number:
      if (octet >= '0' && octet <= '9') {
        number_ = number_ * 10 + static_cast<std::uint64_t>(octet - '0');
        if (number_ > kTokensMax) whole_number_ = false;
        if (!whole_number_) number_ = 0;
        return;
      }
      if (octet == '.' || octet == 'e' || octet == 'E' || octet == '+' || octet == '-') {
        whole_number_ = false;
        return;
      }
      end_number();
      break;
    case Token::between:
      break;
  }
  if (octet == '"') {
    token_ = Token::text;
    text_octets_ = 0;
  } else if (octet == '{' || octet == '[') {
    open();
  } else if (octet == '}' || octet == ']') {
    close();
  } else if (octet == ':') {
    if (depth_ < kDepths) at_[depth_] = last_text_;
  } else if (octet == ',') {
    if (depth_ < kDepths) at_[depth_] = Name::none;
    last_text_ = Name::none;
  } else if ((octet >= '0' && octet <= '9') || octet == '-') {
    token_ = Token::number;
    whole_number_ = octet != '-';
    number_ = whole_number_ ? static_cast<std::uint64_t>(octet - '0') : 0;
  }
}

void UsageScanner::end_text() {
  token_ = Token::between;
  last_text_ = name_of_text();
}

UsageScanner::Name UsageScanner::name_of_text() const {
  if (text_octets_ > kNameMax) return Name::none;
  const std::string_view name(text_.data(), text_octets_);
  if (name == "usage") return Name::usage;
  if (name == "message" || name == "response") return Name::envelope;
  if (name == "prompt_tokens" || name == "input_tokens") return Name::input;
  if (name == "completion_tokens" || name == "output_tokens") return Name::output;
  return Name::none;
}

void UsageScanner::open() {
  ++depth_;
  if (depth_ < kDepths) at_[depth_] = Name::none;
  last_text_ = Name::none;
}

void UsageScanner::close() {
  if (depth_ > 0) --depth_;
  last_text_ = Name::none;
}

// {"usage": {HERE}}, {"message": {"usage": {HERE}}}, {"response": {"usage": {HERE}}}.
bool UsageScanner::in_usage() const {
  if (depth_ == 2) return at_[1] == Name::usage;
  return depth_ == 3 && at_[1] == Name::envelope && at_[2] == Name::usage;
}

void UsageScanner::end_number() {
  if (token_ != Token::number) return;
  token_ = Token::between;
  if (!whole_number_ || !in_usage()) return;
  if (at_[depth_] == Name::input) usage_.input_tokens = number_;
  if (at_[depth_] == Name::output) usage_.output_tokens = number_;
}

}  // namespace sallyport::inference
