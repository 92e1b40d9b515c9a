// $(matrix...) in a tree: which are there, whether they mean something, and their replacement.

#include <fmt/format.h>

#include "simulator/scenario/matrix.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {
namespace {

// Records may hold $(matrix.OTHER.COLUMN); one that leads back to itself would never end.
constexpr int kChainMax = 16;

constexpr std::string_view kPrefix = "matrix.";

struct Piece {
  std::string text;  // as it is, or the variable's name
  bool variable = false;
};

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> out(1);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const std::size_t end = rest.starts_with("$(") ? rest.find(')') : std::string_view::npos;
    if (rest.starts_with("$$(")) {
      out.back().text += "$$(";
      at += 3;
    } else if (end == std::string_view::npos) {
      out.back().text += rest[0];
      ++at;
    } else {
      out.push_back({std::string(rest.substr(2, end - 2)), true});
      out.emplace_back();
      at += end + 1;
    }
  }
  return out;
}

bool may_hold_variable(const Node& node) {
  return node.is_scalar() && node.text.find("$(") != std::string::npos;
}

// The text of a `run`, unless it is all one column of the matrix: then that is the command.
bool is_shell_text(const Entry& entry) {
  if (entry.key != "run" || !entry.value->is_scalar()) return false;
  const std::string_view text = entry.value->text;
  return !text.starts_with("$(matrix.") || text.find(')') + 1 != text.size();
}

void walk(const Node& tree, bool shell,
          const std::function<void(const std::string&, const Node&)>& use) {
  if (!shell && may_hold_variable(tree)) {
    for (const Piece& piece : pieces_of(tree.text)) {
      if (piece.variable) use(piece.text, tree);
    }
  }
  for (const NodePtr& item : tree.items) walk(*item, false, use);
  for (const Entry& entry : tree.entries) walk(*entry.value, is_shell_text(entry), use);
}

// What a matrix value becomes at the place `use`: the same, but it remembers that place.
NodePtr placed(const NodePtr& value, const std::shared_ptr<const Place>& use) {
  auto out = std::make_shared<Node>(*value);
  out->matrix_use = use;
  for (NodePtr& item : out->items) item = placed(item, use);
  for (Entry& entry : out->entries) {
    entry.value = placed(entry.value, use);
    entry.matrix_use = use;
  }
  return out;
}

}  // namespace

void for_each_variable(const Node& tree,
                       const std::function<void(const std::string&, const Node&)>& use) {
  walk(tree, false, use);
}

void Matrix::check_name(const std::string& name, const Node& where) {
  const std::string rest = name.substr(kPrefix.size());
  const std::size_t dot = rest.find('.');
  const std::string axis_name = rest.substr(0, dot);
  const auto names = names_of(std::span<const Axis>(axes_));
  if (axis(axis_name) == nullptr) {
    complaints_.at(where, fmt::format("$({}): the matrix has no axis \"{}\"{}", name, axis_name,
                                      base::suggestion(axis_name, names)));
    return;
  }
  used_.insert(axis_name);
  if (dot == std::string::npos) return;
  const std::string column = rest.substr(dot + 1);
  std::vector<std::string_view> columns;
  for (const auto& [known, entry] : columns_[axis_name]) columns.push_back(known);
  if (!columns_[axis_name].contains(column)) {
    complaints_.at(where, fmt::format("$({}): the axis \"{}\" has no column \"{}\"{}", name,
                                      axis_name, column, base::suggestion(column, columns)));
    return;
  }
  used_.insert(axis_name + "." + column);
}

void Matrix::check_uses(const Node& tree) {
  const auto use = [&](const std::string& name, const Node& where) {
    if (name.starts_with(kPrefix)) check_name(name, where);
  };
  for_each_variable(tree, use);
  check_keys(tree);
}

void Matrix::check_keys(const Node& tree) {
  for (const NodePtr& item : tree.items) check_keys(*item);
  for (const Entry& entry : tree.entries) {
    if (entry.key.find("$(") != std::string::npos) {
      complaints_.at_key(entry,
                         "a variable stands in a value, not in a key; a record's column can "
                         "hold the whole map");
    }
    check_keys(*entry.value);
  }
}

void Matrix::check_record_uses() {
  if (node_ != nullptr) check_uses(*node_);
  for (const NodePtr& corpus : kept_) check_uses(*corpus);
}

void Matrix::check_unused() {
  if (node_ == nullptr || !node_->is_map()) return;
  for (const Entry& entry : node_->entries) {
    if (entry.key != "exclude" && !used_.contains(entry.key)) {
      complaints_.at_key(entry, fmt::format("nothing uses the axis \"{}\"", entry.key));
    }
  }
  for (const auto& [axis, columns] : columns_) {
    for (const auto& [column, entry] : columns) {
      if (used_.contains(axis + "." + column)) continue;
      complaints_.at_key(*entry,
                         fmt::format("nothing uses the column \"{}\" of the axis \"{}\"; write "
                                     "$(matrix.{}.{}), or take it away",
                                     column, axis, axis, column));
    }
  }
}

const Matrix::Value* Matrix::value(const std::string& axis, const CellValues& cell) const {
  const auto label = cell.find(axis);
  const auto values = values_.find(axis);
  if (label == cell.end() || values == values_.end()) return nullptr;
  const auto found = values->second.find(label->second);
  return found == values->second.end() ? nullptr : &found->second;
}

NodePtr Matrix::lookup(const std::string& name, const CellValues& cell) const {
  if (!name.starts_with(kPrefix)) return nullptr;
  const std::string rest = name.substr(kPrefix.size());
  const std::size_t dot = rest.find('.');
  const Value* value = this->value(rest.substr(0, dot), cell);
  if (value == nullptr) return nullptr;
  if (dot == std::string::npos) return value->scalar ? value->scalar : value->label;
  const auto column = value->columns.find(rest.substr(dot + 1));
  return column == value->columns.end() ? nullptr : column->second;
}

NodePtr Matrix::resolve(const NodePtr& node, const CellValues& cell) const {
  return resolve(node, cell, 0);
}

NodePtr Matrix::resolve_text(const NodePtr& node, const CellValues& cell, int depth) const {
  const auto pieces = pieces_of(node->text);
  if (pieces.size() == 3 && pieces[0].text.empty() && pieces[2].text.empty()) {
    const NodePtr value = lookup(pieces[1].text, cell);
    if (!value) return node;
    const NodePtr whole = resolve(value, cell, depth + 1);
    return placed(whole, std::make_shared<const Place>(node->use()));
  }
  auto out = std::make_shared<Node>(*node);
  out->text.clear();
  bool changed = false;
  for (const Piece& piece : pieces) {
    const NodePtr value = piece.variable ? lookup(piece.text, cell) : nullptr;
    if (!value) {
      out->text += piece.variable ? "$(" + piece.text + ")" : piece.text;
      continue;
    }
    const NodePtr part = resolve(value, cell, depth + 1);
    if (!part->is_scalar()) {
      complaints_.at(*node, fmt::format("$({}) is a {}; within a longer text it must be a scalar",
                                        piece.text, part->is_list() ? "list" : "map"));
    }
    out->text += part->text;
    out->quoted = true;  // what has been put together is text for certain
    out->matrix_part = std::make_shared<const Place>(part->written());
    changed = true;
  }
  return changed ? out : node;
}

NodePtr Matrix::resolve(const NodePtr& node, const CellValues& cell, int depth) const {
  if (depth > kChainMax) {
    complaints_.at(*node, "this matrix value leads back to itself");
    return node;
  }
  if (node->is_scalar()) return may_hold_variable(*node) ? resolve_text(node, cell, depth) : node;
  std::shared_ptr<Node> out;
  const auto changed = [&]() -> Node& {
    if (!out) out = std::make_shared<Node>(*node);
    return *out;
  };
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const NodePtr item = resolve(node->items[i], cell, depth);
    if (item != node->items[i]) changed().items[i] = item;
  }
  for (std::size_t i = 0; i < node->entries.size(); ++i) {
    const Entry& entry = node->entries[i];
    if (is_shell_text(entry)) continue;
    const NodePtr value = resolve(entry.value, cell, depth);
    if (value != entry.value) changed().entries[i].value = value;
  }
  return out ? out : node;
}

}  // namespace sallyport::sim::scenario
