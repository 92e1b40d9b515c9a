#include "simulator/scenario/matrix.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/scenario/reader.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {
namespace {

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// The VALUE or [VALUES] of exclude and when.
std::vector<const Node*> one_or_more(const Node& node) {
  std::vector<const Node*> out;
  if (!node.is_list()) return {&node};
  for (const NodePtr& item : node.items) out.push_back(item.get());
  return out;
}

}  // namespace

Matrix::Matrix(const Node* node, const ReadFile& read, Complaints& complaints)
    : complaints_(complaints), node_(node) {
  if (node == nullptr) return;
  if (!node->is_map()) {
    complaints.at(*node, "a matrix must be a map from axis to values");
    return;
  }
  for (const Entry& entry : node->entries) {
    if (entry.key != "exclude") read_axis(entry, read);
  }
  const Node* exclude = node->find("exclude");
  if (exclude == nullptr) return;
  if (!exclude->is_list()) complaints.at(*exclude, "\"exclude\" must be a list of maps");
  for (const NodePtr& item : exclude->items) check_labels(*item);
}

void Matrix::read_axis(const Entry& entry, const ReadFile& read) {
  if (!is_name(entry.key)) {
    complaints_.at_key(entry, fmt::format("\"{}\" can't be an axis; a name is [a-z][a-z0-9_]*, at "
                                          "most 40 long",
                                          entry.key));
    return;
  }
  const Node& node = *entry.value;
  axes_.push_back({entry.key, {}});
  if (node.is_list()) {
    read_scalars(entry.key, node);
  } else if (node.is_map()) {
    const Node* file = node.find("file");
    if (node.entries.size() == 1 && file != nullptr && file->is_scalar()) {
      const NodePtr corpus = read(file->text, *file);
      if (corpus) {
        kept_.push_back(corpus);
        read_records(entry.key, *corpus);
      }
    } else {
      read_records(entry.key, node);
    }
  } else {
    complaints_.at(node, "an axis must be a list of scalars, or a map from label to record");
  }
  if (axes_.back().labels.empty() && complaints_.empty()) {
    complaints_.at_key(entry, fmt::format("the axis \"{}\" has no values", entry.key));
  }
}

bool Matrix::add_label(const std::string& axis, const std::string& label, const Node& where) {
  if (label.empty() || label.find_first_of(" \t\r\n,=") != std::string::npos) {
    complaints_.at(where, fmt::format("\"{}\" can't be a label; it must be text without blank, "
                                      "comma or =",
                                      label));
    return false;
  }
  std::vector<std::string>& labels = axes_.back().labels;
  if (std::find(labels.begin(), labels.end(), label) != labels.end()) {
    complaints_.at(where, fmt::format("\"{}\" stands twice in the axis \"{}\"", label, axis));
    return false;
  }
  labels.push_back(label);
  return true;
}

void Matrix::read_scalars(const std::string& axis, const Node& list) {
  for (const NodePtr& item : list.items) {
    if (!item->is_scalar()) {
      complaints_.at(*item, "a value of an axis must be a scalar; records are a map by label");
      continue;
    }
    if (add_label(axis, item->text, *item)) values_[axis][item->text] = {item, {}, item};
  }
}

void Matrix::read_records(const std::string& axis, const Node& map) {
  if (!map.is_map()) {
    complaints_.at(map, "records must be a map from label to record");
    return;
  }
  const Node* defaults = map.find("default");
  for (const Entry& entry : map.entries) {
    const Node& record = *entry.value;
    if (!record.is_map()) {
      complaints_.at(record, fmt::format("the record \"{}\" must be a map of columns", entry.key));
      continue;
    }
    for (const Entry& column : record.entries) {
      columns_[axis].emplace(column.key, &column);
      if (!is_name(column.key)) {
        complaints_.at_key(column, fmt::format("\"{}\" can't be a column; a name is "
                                               "[a-z][a-z0-9_]*, at most 40 long",
                                               column.key));
      }
    }
    if (entry.key == "default") continue;
    Node where = record;
    where.mark = entry.key_mark;
    if (!add_label(axis, entry.key, where)) continue;
    Value value;
    value.label = make_scalar(where, entry.key, true);
    for (const Entry& column : record.entries) value.columns[column.key] = column.value;
    values_[axis][entry.key] = std::move(value);
  }
  complete_records(axis, defaults, map);
}

void Matrix::complete_records(const std::string& axis, const Node* defaults, const Node& map) {
  for (const Entry& entry : map.entries) {
    const auto found = values_[axis].find(entry.key);
    if (found == values_[axis].end() || !entry.value->is_map()) continue;
    for (const auto& [column, first] : columns_[axis]) {
      if (found->second.columns.contains(column)) continue;
      const NodePtr fallback = defaults == nullptr ? nullptr : defaults->at(column);
      if (fallback) {
        found->second.columns[column] = fallback;
        continue;
      }
      complaints_.at_key(entry, fmt::format("the record \"{}\" has no \"{}\", which others of the "
                                            "axis \"{}\" have; write it, or give a default",
                                            entry.key, column, axis));
    }
  }
}

const Axis* Matrix::axis(const std::string& name) const {
  const auto found =
      std::find_if(axes_.begin(), axes_.end(), [&](const Axis& axis) { return axis.name == name; });
  return found == axes_.end() ? nullptr : &*found;
}

// The axes and labels that an exclude or when names.
void Matrix::check_labels(const Node& axes) {
  if (!axes.is_map()) {
    complaints_.at(axes, "this must be a map from axis to a value or a list of values");
    return;
  }
  const auto names = names_of(std::span<const Axis>(axes_));
  for (const Entry& entry : axes.entries) {
    const Axis* axis = this->axis(entry.key);
    if (axis == nullptr) {
      complaints_.at_key(entry, fmt::format("the matrix has no axis \"{}\"{}", entry.key,
                                            base::suggestion(entry.key, names)));
      continue;
    }
    used_.insert(entry.key);
    for (const Node* value : one_or_more(*entry.value)) {
      const auto& labels = axis->labels;
      if (value->is_scalar() &&
          std::find(labels.begin(), labels.end(), value->text) != labels.end()) {
        continue;
      }
      complaints_.at(*value,
                     fmt::format("the axis \"{}\" has no value \"{}\"{}", entry.key, value->text,
                                 base::suggestion(value->text, views(labels))));
    }
  }
}

bool Matrix::names_cell(const Node& axes, const CellValues& cell) const {
  return std::all_of(axes.entries.begin(), axes.entries.end(), [&](const Entry& entry) {
    const auto label = cell.find(entry.key);
    const auto values = one_or_more(*entry.value);
    return label != cell.end() && std::any_of(values.begin(), values.end(), [&](const Node* value) {
             return value->text == label->second;
           });
  });
}

bool Matrix::when_fits(const Node& when, const CellValues& cell) {
  check_labels(when);
  return when.is_map() && names_cell(when, cell);
}

std::vector<CellValues> Matrix::cells(std::size_t most) const {
  std::vector<CellValues> cells{CellValues{}};
  for (const Axis& axis : axes_) {
    std::vector<CellValues> next;
    if (cells.size() * axis.labels.size() > most) {
      complaints_.at(*node_, fmt::format("over {} cells", most));
      return {};
    }
    for (const CellValues& cell : cells) {
      for (const std::string& label : axis.labels) {
        CellValues more = cell;
        more[axis.name] = label;
        next.push_back(std::move(more));
      }
    }
    cells = std::move(next);
  }
  const Node* exclude = node_ == nullptr ? nullptr : node_->find("exclude");
  if (exclude != nullptr) {
    std::erase_if(cells, [&](const CellValues& cell) {
      return std::any_of(exclude->items.begin(), exclude->items.end(),
                         [&](const NodePtr& item) { return names_cell(*item, cell); });
    });
    if (cells.empty()) complaints_.at(*exclude, "\"exclude\" leaves no cell");
  }
  return cells;
}

std::string Matrix::name_of(const CellValues& cell) const {
  std::string name;
  for (const Axis& axis : axes_) {
    if (!name.empty()) name += ",";
    name += axis.name + "=" + cell.at(axis.name);
  }
  return name;
}

}  // namespace sallyport::sim::scenario
