#include "reference/inference/sse.h"

#include "reference/http/header_rules.h"
#include "reference/http/local_response.h"
#include "reference/http/text.h"

namespace sallyport::inference {

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
  const auto coding = answer.fields.find("content-encoding");
  return !coding || http::equal_ignoring_case(*coding, "identity");
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
