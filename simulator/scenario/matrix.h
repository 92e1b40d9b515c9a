// The matrix: axes of scalars or records, the cells that they make, and $(matrix...) replaced in a
// tree. Pure but for a corpus file, which the handed-in reader reads.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

// A label by axis.
using CellValues = std::map<std::string, std::string>;
// Reads a file named in the scenario; null after a complaint at `where`.
using ReadFile = std::function<NodePtr(const std::string& path, const Node& where)>;

class Matrix {
 public:
  // `node` may be null: no axes, one cell.
  Matrix(const Node* node, const ReadFile& read, Complaints& complaints);

  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }
  // The product less `exclude`, the last axis changing fastest; complains when there is none, or
  // more than are allowed.
  [[nodiscard]] std::vector<CellValues> cells(std::size_t most) const;
  [[nodiscard]] std::string name_of(const CellValues& cell) const;

  // Complains about every $(matrix...) in `tree` that names nothing, and remembers the rest as
  // used.
  void check_uses(const Node& tree);
  // As check_uses(), over the records.
  void check_record_uses();
  void mark_used(const std::string& axis) { used_.insert(axis); }
  // Complains about axes and columns that nothing uses. Call after all check_uses().
  void check_unused();

  // `node` with every $(matrix...) replaced; the same node where there is none. Only for trees that
  // check_uses() found nothing wrong with.
  [[nodiscard]] NodePtr resolve(const NodePtr& node, const CellValues& cell) const;

  // Whether a `when: {AXIS: VALUE or [VALUES]}` fits the cell; complains about unknown names.
  [[nodiscard]] bool when_fits(const Node& when, const CellValues& cell);

 private:
  struct Value {
    NodePtr scalar;                          // of an axis of scalars
    std::map<std::string, NodePtr> columns;  // of a record
    NodePtr label;                           // the label as a node
  };
  void read_axis(const Entry& entry, const ReadFile& read);
  void read_scalars(const std::string& axis, const Node& list);
  void read_records(const std::string& axis, const Node& map);
  void complete_records(const std::string& axis, const Node* defaults, const Node& map);
  bool add_label(const std::string& axis, const std::string& label, const Node& where);
  void check_keys(const Node& tree);
  void check_name(const std::string& name, const Node& where);
  [[nodiscard]] const Value* value(const std::string& axis, const CellValues& cell) const;
  [[nodiscard]] NodePtr lookup(const std::string& name, const CellValues& cell) const;
  [[nodiscard]] NodePtr resolve(const NodePtr& node, const CellValues& cell, int depth) const;
  [[nodiscard]] NodePtr resolve_text(const NodePtr& node, const CellValues& cell, int depth) const;
  [[nodiscard]] bool names_cell(const Node& axes, const CellValues& cell) const;
  void check_labels(const Node& axes);
  [[nodiscard]] const Axis* axis(const std::string& name) const;

  Complaints& complaints_;
  const Node* node_;
  std::vector<Axis> axes_;
  std::map<std::string, std::map<std::string, Value>> values_;          // by axis and label
  std::map<std::string, std::map<std::string, const Entry*>> columns_;  // first place by column
  std::vector<NodePtr> kept_;   // corpus files that columns_ points into
  std::set<std::string> used_;  // AXIS and AXIS.COLUMN
};

// Calls `use` for every $(NAME) in the texts of `tree`, with the node that holds it. A `run` text
// is a shell's, whose own $(...) these are. `$$(` is skipped.
void for_each_variable(const Node& tree,
                       const std::function<void(const std::string& name, const Node& where)>& use);

}  // namespace sallyport::sim::scenario
