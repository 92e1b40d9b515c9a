// What the command line prints for people: aligned columns under a header, and lists of fields.
// `-` stands for nothing; no text of a gateway's can steer a terminal. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::gateway {

class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  // As many cells as the header has.
  void add(std::vector<std::string> cells);
  // The header alone when nothing was added. Every line ends.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// `name:  value`, a line each, values below each other.
[[nodiscard]] std::string field_lines(
    const std::vector<std::pair<std::string, std::string>>& fields);

// `a, b`; empty for none.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

// What is printed of a text: control characters as `?`.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace sallyport::gateway
