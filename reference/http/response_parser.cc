#include "reference/http/response_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "reference/http/text.h"

namespace sallyport::http {
namespace {

namespace beast = boost::beast;

// Notes what Beast reads from a head; the views point into the text that it was fed.
class Reader final : public beast::http::basic_parser<false> {
 public:
  unsigned status = 0;
  int version = 0;
  std::string_view reason;
  Fields fields;

 private:
  using Text = beast::string_view;
  static std::string_view view(Text text) { return std::string_view(text.data(), text.size()); }

  void on_request_impl(beast::http::verb, Text, Text, int, beast::error_code&) override {}
  void on_response_impl(int code, Text phrase, int http_version, beast::error_code&) override {
    status = static_cast<unsigned>(code);
    version = http_version;
    reason = view(phrase);
  }
  void on_field_impl(beast::http::field, Text name, Text value, beast::error_code& error) override {
    if (fields.size() == kFieldsMax)
      error = beast::http::error::header_limit;
    else
      fields.add(view(name), view(value));
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(Text body, beast::error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, Text, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, beast::error_code&) override {
    return body.size();
  }
  void on_finish_impl(beast::error_code&) override {}
};

// Beast unfolds folded lines, into memory of its own at that, and takes a lone CR or LF for less
// than it is to the next reader.
bool is_lax(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const bool after_cr = i > 0 && head[i - 1] == '\r';
    if ((head[i] == '\n') != after_cr) return true;
    const bool line_begins = i > 0 && head[i - 1] == '\n';
    if (line_begins && (head[i] == ' ' || head[i] == '\t')) return true;
  }
  return false;
}

bool is_clean(const Fields& fields) {
  for (const Field& field : fields) {
    if (!is_token(field.name) || !is_field_value(field.value)) return false;
  }
  return true;
}

}  // namespace

bool AnswerHead::keeps_alive() const {
  if (fields.has_token("connection", "close")) return false;
  return version_minor == 1 || fields.has_token("connection", "keep-alive");
}

base::Result<AnswerHead> parse_answer_head(std::string_view head) {
  if (find_head_end(head) != head.size() || is_lax(head)) return HttpErrc::bad_answer;
  AnswerHead answer;
  answer.text_.assign(head.begin(), head.end());
  Reader reader;
  reader.fields.reserve(16);
  reader.header_limit(static_cast<std::uint32_t>(head.size()) + 1);
  reader.body_limit(boost::none);  // bodies are bounded by whoever reads them
  beast::error_code error;
  const boost::asio::const_buffer bytes(answer.text_.data(), answer.text_.size());
  const std::size_t taken = reader.put(bytes, error);
  if (error || !reader.is_header_done() || taken != head.size()) return HttpErrc::bad_answer;
  const bool known_version = reader.version == 10 || reader.version == 11;
  if (!known_version || reader.status < 100) return HttpErrc::bad_answer;
  if (!is_clean(reader.fields) || !is_field_value(reader.reason)) return HttpErrc::bad_answer;
  answer.status = reader.status;
  answer.version_minor = reader.version - 10;
  answer.reason = reader.reason;
  answer.fields = std::move(reader.fields);
  return answer;
}

}  // namespace sallyport::http
