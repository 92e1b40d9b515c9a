// The reference page of the language: the prose of docs/scenario-reference.in.md, with the loader's
// own tables (keys.h, words.h) where it has a line like `<!-- keys: host -->`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim::scenario {

// The prose as it was when this program was built.
[[nodiscard]] std::string_view reference_prose();

struct ReferencePage {
  std::string text;
  std::vector<std::string> unknown;  // lines of the prose that ask for a table that there isn't
};

[[nodiscard]] ReferencePage reference_page(std::string_view prose);

}  // namespace sallyport::sim::scenario
