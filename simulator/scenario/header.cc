#include "simulator/scenario/header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "simulator/scenario/files.h"
#include "simulator/scenario/reader.h"

namespace sallyport::sim::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kNeeds{"ipv6", "landlock", "seccomp", "netem", "root"};

// OWNER/REPO#N.
bool is_reference(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t hash = text.find('#');
  if (slash == 0 || slash == std::string_view::npos || hash == std::string_view::npos) return false;
  const auto word = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
  };
  const std::string_view number = text.substr(hash + 1);
  return hash > slash && word(text.substr(0, slash)) &&
         word(text.substr(slash + 1, hash - slash - 1)) && !number.empty() && number[0] != '0' &&
         std::all_of(number.begin(), number.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

// `tail` in the scenario's folder or one above it.
std::optional<fs::path> look_upwards(const std::string& folder, const std::string& tail) {
  std::error_code error;
  fs::path at = fs::absolute(folder, error);
  if (error) return std::nullopt;
  for (at = at.lexically_normal(); !at.empty(); at = at.parent_path()) {
    if (fs::exists(at / tail, error)) return at / tail;
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

std::set<std::string> defects_in(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    if (file.path().extension() == ".patch") names.insert(file.path().stem().string());
  }
  return names;
}

void check_kills(const Node& root, const LoadOptions& options, const Scenario& scenario,
                 Complaints& complaints) {
  const Node* kills = root.find("kills");
  const Node* supervisor = root.find("supervisor");
  const bool no_subject = supervisor != nullptr && supervisor->is_word("none");
  if (kills == nullptr) {
    complaints.at(root, "a scenario needs \"kills\": the defects that it must catch");
    return;
  }
  // One that is made to fail shows that the harness can tell, not that the reference is right.
  if (!scenario.yields && scenario.kills.empty() != no_subject) {
    complaints.at(*kills, no_subject ? "without a supervisor there is nothing to kill; write []"
                                     : "\"kills\" names at least one defect");
  }
  const auto folder = options.defects_folder ? std::optional<fs::path>(*options.defects_folder)
                                             : look_upwards(scenario.folder, "fixtures/defects");
  if (!folder) return;
  const std::set<std::string> known = defects_in(*folder);
  const std::vector<std::string_view> words(known.begin(), known.end());
  for (const NodePtr& item : kills->items) {
    if (!item->is_scalar() || known.contains(item->text)) continue;
    complaints.at(*item, fmt::format("there is no fixtures/defects/{}.patch{}", item->text,
                                     base::suggestion(item->text, words)));
  }
}

void decode_reproduces(Reader& reader, Scenario& scenario) {
  scenario.reproduces = reader.texts("reproduces");
  const Node* node = reader.get("reproduces");
  if (node == nullptr) return;
  const auto check = [&](const Node& item) {
    if (item.is_scalar() && !is_reference(item.text)) {
      reader.complaints().at(item, fmt::format("\"{}\" isn't of the form OWNER/REPO#N", item.text));
    }
  };
  if (node->is_scalar()) check(*node);
  for (const NodePtr& item : node->items) check(*item);
}

void check_requirement(const Node& where, const LoadOptions& options, const Scenario& scenario,
                       Complaints& complaints) {
  const auto file = options.requirements_file
                        ? std::optional<fs::path>(*options.requirements_file)
                        : look_upwards(scenario.folder, "docs/requirements.md");
  if (!file) return;
  std::ifstream stream(*file);
  std::ostringstream text;
  text << stream.rdbuf();
  const std::set<std::string> known = requirement_ids(text.str());
  const std::string& id = scenario.requirement->id;
  if (known.contains(id)) return;
  const std::vector<std::string_view> words(known.begin(), known.end());
  complaints.at(where, fmt::format("docs/requirements.md lists no \"{}\"{}", id,
                                   base::suggestion(id, words)));
}

void decode_requirement(Reader& reader, const LoadOptions& options, Scenario& scenario) {
  const Node* node = reader.get("requirement");
  if (node == nullptr) return;
  Scenario::Requirement requirement;
  if (node->is_map()) {
    Reader inner(*node, keys::requirement(), reader.complaints());
    inner.require("id");
    requirement.id = inner.text("id");
    requirement.level = inner.word("level", "must");
  } else {
    requirement.id = as_text(*node, reader.complaints()).value_or("");
  }
  scenario.requirement = requirement;
  if (!requirement.id.empty()) check_requirement(*node, options, scenario, reader.complaints());
}

void decode_needs(Reader& reader, Scenario& scenario) {
  const Node* node = reader.get("needs");
  if (node == nullptr) return;
  if (!node->is_list()) reader.complaints().at(*node, "\"needs\" is a list");
  for (const NodePtr& item : node->items) {
    Need need;
    if (item->is_map()) {
      Reader inner(*item, keys::need(), reader.complaints());
      need.name = "command";
      inner.require("command");
      need.command = inner.text("command");
      need.version = inner.text("version");
    } else if (const auto word = as_word(*item, kNeeds, "a need", reader.complaints())) {
      need.name = *word;
    }
    scenario.needs.push_back(std::move(need));
  }
}

void decode_yields(Reader& reader, Scenario& scenario) {
  const Node* node = reader.get("yields");
  if (node == nullptr) return;
  Reader inner(*node, keys::yields(), reader.complaints());
  Yields yields;
  inner.require("verdict");
  yields.verdict = inner.word("verdict", "fail");
  yields.claim = inner.text("claim");
  yields.place = node->use();
  scenario.yields = std::move(yields);
}

}  // namespace

std::set<std::string> requirement_ids(std::string_view text) {
  std::set<std::string> ids;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("- ")) continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string id = line.substr(2, colon - 2);
    if (!id.empty() && id.find(' ') == std::string::npos) ids.insert(id);
  }
  return ids;
}

void decode_header(const Node& root, const LoadOptions& options, Scenario& scenario,
                   Complaints& complaints) {
  Reader reader(root, keys::scenario(), complaints);
  const Node* title = reader.require("scenario");
  if (title != nullptr) scenario.title_place = title->written();
  scenario.title = reader.text("scenario");
  decode_reproduces(reader, scenario);
  decode_requirement(reader, options, scenario);
  if (scenario.reproduces.empty() && !scenario.requirement) {
    complaints.at(root, "a scenario needs \"reproduces\" or \"requirement\"");
  }
  scenario.kills = reader.texts("kills");
  scenario.source = reader.texts("source");
  scenario.tags = reader.texts("tags");
  decode_needs(reader, scenario);
  decode_yields(reader, scenario);
  scenario.timeout = reader.duration("timeout", scenario.timeout);
  scenario.seed = reader.integer("seed", scenario.seed);
  check_kills(root, options, scenario, complaints);
}

}  // namespace sallyport::sim::scenario
