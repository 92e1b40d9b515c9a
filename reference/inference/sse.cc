#include "reference/inference/sse.h"

#include <algorithm>

#include "reference/http/header_rules.h"
#include "reference/http/local_response.h"
#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

constexpr std::size_t kBlankLineMax = 4;  // CR LF CR LF

// Takes one end of a line away from the end of a text; false if there is none.
bool chop_line_end(std::string_view& text) {
  const std::size_t before = text.size();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text.size() < before;
}

}  // namespace

void EventEnd::take(std::string_view piece) {
  last_.append(piece.substr(piece.size() - std::min(piece.size(), kBlankLineMax)));
  if (last_.size() > kBlankLineMax) last_.erase(0, last_.size() - kBlankLineMax);
}

bool EventEnd::amid() const {
  std::string_view text = last_;
  if (text.empty()) return false;
  if (!chop_line_end(text)) return true;
  return !text.empty() && !chop_line_end(text);
}

std::string sse_error_event(std::string_view message) {
  std::string out = R"(data: {"error":{"message":)";
  // JSON escapes CR and LF, so nothing in the message ends the event's line.
  out.append(http::json_string(message)).append(R"(,"type":"proxy_stream_error"}})").append("\n\n");
  return out;
}

bool takes_sse_events(const http::AnswerHead& answer) {
  const auto type = answer.fields.find("content-type");
  if (!type) return false;
  const std::string_view essence = http::trim(type->substr(0, type->find(';')));
  if (!http::equal_ignoring_case(essence, "text/event-stream")) return false;
  // Of several lines any one may name the coding; two types leave it open what this is.
  const bool plain =
      std::all_of(answer.fields.begin(), answer.fields.end(), [](const http::Field& field) {
        return !http::equal_ignoring_case(field.name, "content-encoding") ||
               http::equal_ignoring_case(http::trim(field.value), "identity");
      });
  return plain && answer.fields.count("content-type") == 1;
}

std::string build_client_head(const http::AnswerHead& answer, const http::Framing& framing,
                              bool close) {
  http::AnswerHeadOptions options;
  options.framing = framing;
  options.close = close;
  options.strip_hop_by_hop = true;
  return http::build_answer_head(answer, options);
}

}  // namespace sallyport::inference
