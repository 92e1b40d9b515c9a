// Finds the value that is assigned to a keyword in text: `password=x`, `secret: "x y"`, and, within
// a JSON string, `\"api_key\": \"x\"`. Part of redact: nobody else includes this. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sallyport::middleware {

struct Assigned {
  std::size_t begin = 0;
  std::size_t end = 0;
  // Not zero: the value stands bare although its key is quoted, as a number in JSON does, and what
  // replaces it is to be quoted like the key.
  char quote = '\0';
};

class AssignmentScanner {
 public:
  // `in_json_string`: the text stands between the quotes of a JSON string, as it is written.
  AssignmentScanner(std::string_view text, bool in_json_string)
      : text_(text), in_json_string_(in_json_string) {}

  // Of the keyword that ends at `at`; nothing when no value follows. To be asked in rising order.
  [[nodiscard]] std::optional<Assigned> value_after(std::size_t at);

 private:
  struct Quote {
    char mark = '\0';             // `"` or `'`
    std::size_t backslashes = 0;  // before it: so deep is the JSON nested in JSON
  };
  [[nodiscard]] std::optional<Quote> read_quote(std::size_t& at) const;
  void skip_blanks(std::size_t& at) const;
  [[nodiscard]] std::optional<std::size_t> find_closing(const Quote& quote, std::size_t from);
  [[nodiscard]] std::size_t bare_end(std::size_t from) const;

  std::string_view text_;
  bool in_json_string_;
  // Up to where no closing quote of a kind was found: nobody looks there twice.
  std::array<std::size_t, 8> barren_{};
};

}  // namespace sallyport::middleware
