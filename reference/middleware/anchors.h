// Finds where a keyword stands or a token could begin, sixteen octets at a time: nearly all of a
// text is passed over by this alone. Part of redact: nobody else includes this. Pure.
//
//   api_key, api-key, apikey    access_token, access-token, accesstoken    secret    password
//
// in any case. Unicode's other forms of `s` and `k` are those letters, as in every expression that
// ignores case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::middleware {

class Anchors {
 public:
  enum class Of { tokens, tokens_and_keywords };
  Anchors(std::string_view text, Of of) : text_(text), of_(of) {}

  // The first anchor at or after `from`, or the text's length. To be asked in rising order: the
  // answer is kept, and no octet is looked at twice on the way to one.
  [[nodiscard]] std::size_t next(std::size_t from) {
    if (!known_ || from > found_) find(from);
    return found_;
  }
  // The end of the keyword that begins there; 0: `sk-` does.
  [[nodiscard]] std::size_t keyword_end() const { return keyword_end_; }

 private:
  void find(std::size_t from);
  // Whether that place is an anchor: then it is the one that was found.
  [[nodiscard]] bool take(std::size_t at);
  [[nodiscard]] bool take_first(std::uint64_t mask, std::size_t at);

  std::string_view text_;
  Of of_;
  bool known_ = false;
  std::size_t found_ = 0;
  std::size_t keyword_end_ = 0;
};

// The end of the token `sk-` and sixteen or more of `[A-Za-z0-9_-]` that begins at `at`; 0: none.
[[nodiscard]] std::size_t token_end(std::string_view text, std::size_t at);

}  // namespace sallyport::middleware
