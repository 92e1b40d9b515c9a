// The subcommands about the language and about what scenarios say, which run nothing: list, schema,
// reference, completion. Each prints and returns the program's exit code (commands.h).
#pragma once

#include <string>
#include <vector>

namespace sallyport::sim::app {

struct ListCommand {
  std::vector<std::string> paths = {};
  std::vector<std::string> tags = {};   // only scenarios with one of them
  std::vector<std::string> words = {};  // only those that have each in what they say of themselves
  bool json = false;
};

[[nodiscard]] int list(const ListCommand& command);
// The JSON Schema of a scenario.
[[nodiscard]] int schema();
// The reference page.
[[nodiscard]] int reference();
// Completion for bash, to be evaluated by it.
[[nodiscard]] int completion();

}  // namespace sallyport::sim::app
