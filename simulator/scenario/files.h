// The files that a scenario is read from: itself, includes, corpora, policies. Remembers their
// texts, for messages with a caret.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

// `path` as `folder` says it: unchanged when it is absolute.
[[nodiscard]] std::string join(const std::string& folder, const std::string& path);
[[nodiscard]] std::string folder_of(const std::string& path);

class Files {
 public:
  explicit Files(Complaints& complaints) : complaints_(complaints) {}

  // Null after complaints. A file that can't be read is complained about at `where`.
  [[nodiscard]] NodePtr read(const std::string& path, const Node& where);
  [[nodiscard]] NodePtr read(const std::string& path);
  [[nodiscard]] NodePtr parse(std::string_view text, const std::string& name);

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::map<std::string, std::string>& texts() const { return texts_; }

 private:
  Complaints& complaints_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, NodePtr> trees_;
};

}  // namespace sallyport::sim::scenario
