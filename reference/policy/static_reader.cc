#include "reference/policy/static_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "reference/base/scalars.h"

namespace sallyport::policy {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::string_view kAgentUser = "sandbox";
constexpr std::uint64_t kIdMax = 4294967294;  // one less than the id that means none

std::vector<std::string> read_paths(MapReader& map, std::string_view key, const Notes& notes) {
  std::vector<std::string> paths;
  for (const auto& item : map.list(key)) {
    const auto text = base::yaml::as_text(*item, notes.file, notes.complaints);
    if (!text) continue;
    if (const auto fault = path_fault(*text)) notes.complain(*item, *fault);
    if (key == "read_write" && text->find_first_not_of('/') == std::string::npos) {
      notes.complain(*item, "the whole file system can't be writable");
    }
    paths.push_back(*text);
  }
  return paths;
}

std::optional<Filesystem> read_filesystem(MapReader& document, const Notes& notes) {
  const Node* const node = document.map("filesystem_policy");
  if (node == nullptr) return std::nullopt;
  MapReader map(*node, notes.file, "\"filesystem_policy\"", notes.complaints);
  Filesystem filesystem;
  filesystem.include_workdir = map.boolean("include_workdir", true);
  filesystem.read_only = read_paths(map, "read_only", notes);
  filesystem.read_write = read_paths(map, "read_write", notes);
  map.finish();
  const std::size_t count = filesystem.read_only.size() + filesystem.read_write.size();
  if (count > kFilesystemPathsMax) {
    notes.complain(*node, fmt::format("\"filesystem_policy\" names {} paths, more than {}", count,
                                      kFilesystemPathsMax));
  }
  return filesystem;
}

std::optional<LandlockCompatibility> read_landlock(MapReader& document, const Notes& notes) {
  static constexpr std::array<std::string_view, 2> kWords{"best_effort", "hard_requirement"};
  const Node* const node = document.map("landlock");
  if (node == nullptr) return std::nullopt;
  MapReader map(*node, notes.file, "\"landlock\"", notes.complaints);
  const bool stated = map.has("compatibility");
  const std::string word = map.word("compatibility", kWords, "best_effort");
  map.finish();
  if (!stated) return std::nullopt;
  return word == "hard_requirement" ? LandlockCompatibility::hard_requirement
                                    : LandlockCompatibility::best_effort;
}

// Never root, by name or number: `sandbox`, or an id.
std::optional<std::string> read_identity(MapReader& map, std::string_view key, const Notes& notes) {
  const Node* const node = map.node(key);
  if (node == nullptr) return std::nullopt;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text || *text == kAgentUser) return text;
  const auto id = base::parse_integer(*text);
  if (!id || *id < 1 || *id > kIdMax) {
    notes.complain(*node,
                   fmt::format("\"{}\" is \"sandbox\" or a number from 1 to {}", key, kIdMax));
  }
  return text;
}

void read_process(MapReader& document, const Notes& notes, StaticSections& sections) {
  const Node* const node = document.map("process");
  if (node == nullptr) return;
  MapReader map(*node, notes.file, "\"process\"", notes.complaints);
  sections.run_as_user = read_identity(map, "run_as_user", notes);
  sections.run_as_group = read_identity(map, "run_as_group", notes);
  map.finish();
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == "..") return true;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return false;
}

}  // namespace

std::optional<std::string> path_fault(std::string_view path) {
  if (path.size() > kPathBytesMax) return "a path has at most 4096 bytes";
  if (!path.starts_with('/')) return fmt::format("\"{}\" is not absolute", path);
  if (climbs(path)) return fmt::format("\"{}\" has a `..` in it", path);
  if (path.find('\0') != std::string_view::npos) return "a path has no NUL";
  return std::nullopt;
}

StaticSections read_static_sections(MapReader& document, const Notes& notes) {
  StaticSections sections;
  sections.filesystem = read_filesystem(document, notes);
  sections.landlock = read_landlock(document, notes);
  read_process(document, notes, sections);
  return sections;
}

}  // namespace sallyport::policy
