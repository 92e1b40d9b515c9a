#include "simulator/app/subject_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <set>

namespace sallyport::sim::app {

std::optional<std::vector<subject::Description>> load_subjects(
    const std::vector<std::string>& named) {
  std::vector<subject::Description> all;
  base::Diagnostics complaints;
  std::set<std::string> names;
  for (const std::string& one : named) {
    auto loaded = one == "reference" ? subject::reference_description()
                                     : subject::load_description(one, complaints);
    if (!loaded) continue;
    if (!names.insert(loaded->name).second)
      complaints.add({one, {}, fmt::format("another subject is called {} too", loaded->name), {}});
    all.push_back(std::move(*loaded));
  }
  if (complaints.empty()) return all;
  fmt::print(stderr, "{}", complaints.to_string());
  return std::nullopt;
}

int show_subjects(const std::vector<std::string>& named) {
  const auto all = load_subjects(named);
  if (!all) return 2;
  for (const subject::Description& one : *all) {
    fmt::print("{}{}\n", one.name, one.version.empty() ? "" : " " + one.version);
    const std::string lacks = to_string(one.lacks);
    fmt::print("  can't: {}\n", lacks.empty() ? "nothing that is asked for" : lacks);
  }
  return 0;
}

}  // namespace sallyport::sim::app
