// The heads of upstreams' answers, read by Boost.Beast's parser behind a plain interface, and held
// against the few rules that it is lax about. Pure: bytes in, a value out.
#pragma once

#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/http/head.h"

namespace sallyport::http {

// Owns its text: the buffer it was read from may go. Moves, doesn't copy.
class AnswerHead {
 public:
  AnswerHead() = default;
  AnswerHead(AnswerHead&&) = default;
  AnswerHead& operator=(AnswerHead&&) = default;
  AnswerHead(const AnswerHead&) = delete;
  AnswerHead& operator=(const AnswerHead&) = delete;
  ~AnswerHead() = default;

  unsigned status = 0;  // 100-999
  int version_minor = 1;
  std::string_view reason;  // may be empty
  Fields fields;

  // 1xx but 101: another answer follows on the same connection.
  [[nodiscard]] bool is_interim() const { return status < 200 && status != 101; }
  // Whether the upstream will keep the connection, going by its head alone.
  [[nodiscard]] bool keeps_alive() const;

 private:
  friend base::Result<AnswerHead> parse_answer_head(std::string_view head);
  std::vector<char> text_;  // what the views point into; a move keeps its address
};

// `head` is one whole head, as HeadScanner found it. Error: bad_answer. Its framing is judged by
// answer_framing().
[[nodiscard]] base::Result<AnswerHead> parse_answer_head(std::string_view head);

}  // namespace sallyport::http
