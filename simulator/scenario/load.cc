#include "simulator/scenario/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "simulator/scenario/decode.h"
#include "simulator/scenario/defaults.h"
#include "simulator/scenario/files.h"
#include "simulator/scenario/header.h"

namespace sallyport::sim::scenario {
namespace {

// What isn't the same in every cell.
constexpr std::array<std::string_view, 15> kPerCell{
    "hosts",      "networks",  "dns",     "firewall",   "providers",
    "middleware", "decoys",    "gateway", "supervisor", "supervisors",
    "policy",     "inference", "steps",   "expect",     "known_issue"};

// Stable across machines, so that a run can be repeated (FNV-1a).
std::uint64_t seed_of(std::string_view path) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : path) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash >> 33U;
}

// One subject or several, whatever file says so.
void check_subjects_named(const Node& root, Complaints& complaints) {
  for (const Entry& entry : root.entries) {
    if (entry.key != "supervisors" || root.find("supervisor") == nullptr) continue;
    complaints.at_key(entry, "a scenario has \"supervisor\" or \"supervisors\", not both");
  }
}

bool uses_firewall(const Cell& cell) {
  return !cell.firewall.empty() ||
         std::any_of(cell.steps.begin(), cell.steps.end(), [](const Step& step) {
           return std::holds_alternative<SetFirewall>(step.verb);
         });
}

bool uses_ipv6(const Cell& cell) {
  return std::any_of(cell.hosts.begin(), cell.hosts.end(), [](const topology::HostSpec& host) {
    return host.ipv6 != topology::Ipv6::disabled;
  });
}

class Loader {
 public:
  Loader(const LoadOptions& options, base::Diagnostics& out)
      : options_(options), complaints_(out), files_(complaints_) {}

  std::optional<Scenario> load(const NodePtr& file, const std::string& path) {
    scenario_.path = path;
    scenario_.folder = folder_of(path);
    scenario_.seed = seed_of(path);
    if (!file) return std::nullopt;
    if (!file->is_map()) complaints_.at(*file, "a scenario is a map");
    if (!complaints_.empty()) return std::nullopt;
    NodePtr root = apply_sets(merge(included(*file, scenario_.folder), file));
    if (!root) return std::nullopt;
    check_subjects_named(*root, complaints_);
    decode_header(*root, options_, scenario_, complaints_);
    scenario_.tree = root;
    decode_cells(root);
    if (!complaints_.empty()) return std::nullopt;
    scenario_.files = files_.names();
    scenario_.texts = files_.texts();
    return std::move(scenario_);
  }

  Files& files() { return files_; }

 private:
  // The files that `file` includes, merged as listed; null when there is none.
  NodePtr included(const Node& file, const std::string& folder) {
    const Node* list = file.find("include");
    if (list == nullptr) return nullptr;
    if (!list->is_list()) complaints_.at(*list, "\"include\" is a list of paths");
    NodePtr all;
    for (const NodePtr& item : list->items) {
      const auto path = as_text(*item, complaints_);
      const NodePtr part = path ? files_.read(join(folder, *path), *item) : nullptr;
      if (!part) continue;
      if (!part->is_map()) {
        complaints_.at(*part, "an included file is a map");
        continue;
      }
      for (const Entry& entry : part->entries) {
        if (keys::included().find(entry.key) == nullptr) {
          complaints_.at_key(entry, fmt::format("\"{}\" can't stand in an included file; it holds "
                                                "the world and its actors only",
                                                entry.key));
        }
      }
      all = merge(all, part);
    }
    return all;
  }

  // `--set a.b.c=VALUE`, each.
  NodePtr apply_sets(NodePtr root) {
    for (const std::string& set : options_.sets) {
      const std::size_t equals = set.find('=');
      const std::string name = "--set " + set;
      if (equals == std::string::npos || equals == 0) {
        complaints_.at(Place{name, {}}, "--set is written a.b.c=VALUE");
        return nullptr;
      }
      NodePtr value = files_.parse(set.substr(equals + 1), name);
      if (!value) return nullptr;
      std::string path = set.substr(0, equals);
      while (!path.empty()) {
        const std::size_t dot = path.rfind('.');
        const std::string key = dot == std::string::npos ? path : path.substr(dot + 1);
        value = with(*make_map(*value), key, value);
        path = dot == std::string::npos ? "" : path.substr(0, dot);
      }
      root = merge(root, value);
    }
    return root;
  }

  void decode_cells(const NodePtr& root) {
    const auto read = [this](const std::string& path, const Node& where) {
      return files_.read(join(scenario_.folder, path), where);
    };
    const std::size_t before = complaints_.size();
    Matrix matrix(root->find("matrix"), read, complaints_);
    check_matrix_uses(*root, matrix);
    // A cell of a matrix that isn't sound would only repeat what has been said.
    if (complaints_.size() != before) return;
    scenario_.axes = matrix.axes();
    std::map<std::size_t, std::vector<std::size_t>> across_cells;
    for (CellValues& values : matrix.cells(kCellsMax)) {
      Cell cell;
      cell.name = matrix.name_of(values);
      cell.values = std::move(values);
      std::map<std::size_t, Expectation> across;
      decode_cell(root, matrix, cell, across);
      for (auto& [index, item] : across) {
        across_cells[index].push_back(scenario_.cells.size());
        across_items_.emplace(index, std::move(item));
      }
      scenario_.cells.push_back(std::move(cell));
    }
    matrix.check_unused();
    group_across(across_cells);
    derive_needs();
  }

  // Every $(matrix...), in records too: a column may be used by another axis's record.
  void check_matrix_uses(const Node& root, Matrix& matrix) {
    for (const Entry& entry : root.entries) {
      const bool cell_data =
          std::find(kPerCell.begin(), kPerCell.end(), entry.key) != kPerCell.end();
      if (cell_data) matrix.check_uses(*entry.value);
    }
    matrix.check_record_uses();
  }

  NodePtr cell_tree(const NodePtr& root, const Matrix& matrix, const Cell& cell) {
    auto out = std::make_shared<Node>(*root);
    for (Entry& entry : out->entries) {
      const bool cell_data =
          std::find(kPerCell.begin(), kPerCell.end(), entry.key) != kPerCell.end();
      if (cell_data) entry.value = matrix.resolve(entry.value, cell.values);
      if (entry.key == "policy") entry.value = policy_at(entry.value);
      if (entry.key == "steps" || entry.key == "supervisors") {
        entry.value = with_policies(entry.value);
      }
      if (entry.key == "supervisor") entry.value = with_policy(entry.value);
    }
    return out;
  }

  // A policy that is a path is the document there.
  NodePtr policy_at(const NodePtr& policy) {
    if (!policy->is_scalar()) return policy;
    const NodePtr file = files_.read(join(scenario_.folder, policy->text), *policy);
    return file ? file : make_map(*policy);
  }

  // A step, or a supervisor.
  NodePtr with_policy(const NodePtr& map) {
    const NodePtr policy = map->at("policy");
    return policy ? with(*map, "policy", policy_at(policy)) : map;
  }

  NodePtr with_policies(const NodePtr& maps) {
    auto out = std::make_shared<Node>(*maps);
    for (Entry& entry : out->entries) entry.value = with_policy(entry.value);
    return out;
  }

  void decode_cell(const NodePtr& root, Matrix& matrix, Cell& cell,
                   std::map<std::size_t, Expectation>& across) {
    const NodePtr resolved = cell_tree(root, matrix, cell);
    Context context{complaints_, matrix, cell, {}, {}, {}, {}, {}};
    const NodePtr tree = with_defaults(resolved, {scenario_.seed, true});
    collect_names(*tree, context);
    check_variables(*tree, context);
    for (const char* section : {"dns", "firewall", "providers", "middleware"}) {
      context.written[section] = resolved->at(section);
    }
    decode_hosts(*tree->find("hosts"), context);
    decode_networks(*tree->find("networks"), context);
    decode_firewall(*tree->find("firewall"), context);
    decode_providers(*tree->find("providers"), context);
    decode_dns(*tree->find("dns"), context);
    decode_decoys(*tree->find("decoys"), context);
    decode_middleware(*tree->find("middleware"), context);
    decode_gateway(*tree->find("gateway"), context);
    decode_supervisors(*tree, context);
    if (const Node* steps = tree->find("steps")) decode_steps(*steps, context);
    check_subjects(*tree, context);
    check_conflicts(*tree, context);
    decode_expectations(*tree->find("expect"), context, across);
    decode_known_issue(*tree->find("known_issue"), context);
    drop_unused_hosts(cell);
  }

  void decode_known_issue(const Node& node, Context& context) {
    if (node.is_word("none")) return;
    Reader reader(node, keys::known_issue(), complaints_);
    const KnownIssue issue{reader.text("ref"), reader.text("reason")};
    const Node* when = reader.get("when");
    if (when == nullptr || context.matrix.when_fits(*when, context.cell.values)) {
      context.cell.known_issue = issue;
    }
  }

  // The cells of each item in groups that agree in all other axes.
  void group_across(const std::map<std::size_t, std::vector<std::size_t>>& cells_of) {
    for (auto& [index, item] : across_items_) {
      const std::string& axis = std::get<Compare>(item.item).across;
      std::map<CellValues, std::vector<std::size_t>> groups;
      for (const std::size_t cell : cells_of.at(index)) {
        CellValues others = scenario_.cells[cell].values;
        others.erase(axis);
        groups[others].push_back(cell);
      }
      AcrossItem across{std::move(item), {}};
      for (auto& [others, group] : groups) across.groups.push_back(std::move(group));
      scenario_.across.push_back(std::move(across));
    }
  }

  // A path is relative to the folder that it is looked up in; a bare name is PATH's.
  [[nodiscard]] std::string command_path(const std::string& command, const std::string& cwd) const {
    if (command.find('/') == std::string::npos || command.starts_with('/')) return command;
    return (std::filesystem::path(scenario_.folder) / cwd / command).lexically_normal().string();
  }

  void derive_needs() {
    for (Need& need : scenario_.needs) need.command = command_path(need.command, "");
    std::set<std::string> known;
    for (const Need& need : scenario_.needs) known.insert(need.name + " " + need.command);
    const auto need = [&](const std::string& name, const std::string& command) {
      if (known.insert(name + " " + command).second) {
        scenario_.needs.push_back({name, command, "", true});
      }
    };
    for (const Cell& cell : scenario_.cells) {
      if (uses_firewall(cell)) need("firewall", "");
      if (uses_ipv6(cell)) need("ipv6", "");
      for (const middleware::ServiceSpec& service : cell.middleware) {
        if (service.command.empty()) continue;
        const std::string& program = service.command.front();
        if (program.find('$') == std::string::npos && program != "sh")
          need("command", command_path(program, ""));
      }
      for (const Step& step : cell.steps) {
        const auto* gate = std::get_if<agents::GateSpec>(&step.verb);
        if (gate != nullptr && gate->results.empty()) need("command", "curl");
        const auto* run = std::get_if<agents::RunSpec>(&step.verb);
        if (run == nullptr || run->argv.empty()) continue;
        if (run->confined) need("landlock", "");
        if (run->confined) need("seccomp", "");
        const std::string& command = run->argv.front();
        const bool plain = command.find('$') == std::string::npos && command != "sh";
        const bool fake = std::any_of(run->tools.begin(), run->tools.end(),
                                      [&](const auto& tool) { return tool.name == command; });
        if (plain && !fake) need("command", command_path(command, run->cwd));
      }
    }
  }

  const LoadOptions& options_;
  Complaints complaints_;
  Files files_;
  Scenario scenario_;
  std::map<std::size_t, Expectation> across_items_;
};

}  // namespace

const std::string* Scenario::text_of(const std::string& file) const {
  const auto found = texts.find(file);
  return found == texts.end() ? nullptr : &found->second;
}

Loaded load(const std::string& path, const LoadOptions& options) {
  Loaded out;
  Loader loader(options, out.complaints);
  const NodePtr file = loader.files().read(path);
  out.scenario = loader.load(file, path);
  return out;
}

Loaded load_text(std::string_view text, const std::string& path, const LoadOptions& options) {
  Loaded out;
  Loader loader(options, out.complaints);
  const NodePtr file = loader.files().parse(text, path);
  out.scenario = loader.load(file, path);
  return out;
}

}  // namespace sallyport::sim::scenario
