// A glob compiled to a small non-deterministic automaton: all of its states walk the text at once,
// so nothing is ever tried twice. Part of glob.h: nobody else includes this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/policy/glob.h"

namespace sallyport::policy {

class Glob::Program {
 public:
  // The fault in words, or the program.
  struct Compiled;
  [[nodiscard]] static Compiled compile(std::string_view pattern, char separator);

  [[nodiscard]] bool matches(std::string_view text) const;

  struct Op {
    enum class Kind : std::uint8_t {
      literal,  // this code
      segment,  // any code but the separator
      any,      // any code
      set,      // a code of sets_[first], never the separator
      split,    // both ways: first, second
      jump,     // to first
      done,
    };
    Kind kind = Kind::done;
    char32_t code = 0;
    std::uint32_t first = 0, second = 0;
  };

  struct Set {
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
    [[nodiscard]] bool holds(char32_t code) const;
  };

 private:
  friend class GlobCompiler;
  [[nodiscard]] bool takes(const Op& op, char32_t code) const;

  std::vector<Op> ops_;
  std::vector<Set> sets_;
  char32_t separator_ = '/';
};

struct Glob::Program::Compiled {
  std::string fault;  // empty: sound
  Program program;
};

}  // namespace sallyport::policy
