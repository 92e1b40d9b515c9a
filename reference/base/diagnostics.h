// What is wrong with a file that a person wrote: where, what, and what they may have meant. All
// mistakes of a file are collected before anything is printed; a program that has any exits 2.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::base {

// 1-based; 0 when the place is not known (an unreadable file).
struct Mark {
  int line = 0;
  int column = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

struct Diagnostic {
  std::string file;
  Mark mark;
  std::string message;
  // Where an alias was used, when `mark` lies inside the anchor that it stands for.
  std::optional<Mark> used_at;

  // file:line:column: message [(used at line L, column C)]
  [[nodiscard]] std::string to_string() const;
};

class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  // One line each, sorted by file and place, equal ones once.
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<Diagnostic> all_;
};

// The nearest of `words` to `word` (Damerau-Levenshtein), if near enough to be meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> words);

// `; did you mean "X"?`, or `; it must be one of A, B, C` for a short list, or nothing.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string_view> words);

}  // namespace sallyport::base
