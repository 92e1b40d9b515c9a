#include "simulator/scenario/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::scenario {
namespace {

using ::testing::ElementsAre;

class MatrixTest : public ::testing::Test {
 protected:
  NodePtr tree(std::string_view text) {
    const auto root = base::yaml::parse(text, "s.yaml", diagnostics_);
    EXPECT_TRUE(root) << diagnostics_.to_string();
    return from_yaml(*root, std::make_shared<const std::string>("s.yaml"));
  }

  Matrix matrix(std::string_view text) {
    node_ = tree(text);
    const ReadFile read = [](const std::string&, const Node&) { return nullptr; };
    return {node_.get(), read, complaints_};
  }

  std::vector<std::string> names(const Matrix& matrix) {
    std::vector<std::string> out;
    for (const CellValues& cell : matrix.cells(100)) out.push_back(matrix.name_of(cell));
    return out;
  }

  base::Diagnostics diagnostics_;
  Complaints complaints_{diagnostics_};
  NodePtr node_;
};

TEST_F(MatrixTest, CellsAreTheProductLessExclude) {
  const Matrix matrix =
      this->matrix("{a: [x, y], b: {one: {c: 1}, two: {c: 2}}, exclude: [{a: x, b: [two]}]}");
  EXPECT_THAT(names(matrix), ElementsAre("a=x,b=one", "a=y,b=one", "a=y,b=two"));
}

TEST_F(MatrixTest, WithoutAMatrixThereIsOneCell) {
  const ReadFile read = [](const std::string&, const Node&) { return nullptr; };
  const Matrix matrix(nullptr, read, complaints_);
  EXPECT_THAT(names(matrix), ElementsAre(""));
}

TEST_F(MatrixTest, AValueThatIsNothingElseBecomesTheThingItself) {
  const Matrix matrix = this->matrix("{a: {one: {c: {k: [1, 2]}}}}");
  const NodePtr value = tree("v: $(matrix.a.c)");
  const NodePtr out = matrix.resolve(value, {{"a", "one"}});
  EXPECT_EQ(to_json_text(*out), R"({"v":{"k":[1,2]}})");
}

TEST_F(MatrixTest, WithinALongerTextItIsText) {
  const Matrix matrix = this->matrix("{a: {one: {n: 8080}}}");
  const NodePtr value = tree("v: http://x:$(matrix.a.n)/$(matrix.a)/$(step.nonce)/$$(matrix.a)");
  const NodePtr out = matrix.resolve(value, {{"a", "one"}});
  EXPECT_EQ(out->find("v")->text, "http://x:8080/one/$(step.nonce)/$$(matrix.a)");
}

TEST_F(MatrixTest, RecordsMayUseOtherAxes) {
  const Matrix matrix = this->matrix("{a: [x, y], b: {one: {t: \"to $(matrix.a)\"}}}");
  const NodePtr value = tree("v: $(matrix.b.t)");
  const NodePtr out = matrix.resolve(value, {{"a", "y"}, {"b", "one"}});
  EXPECT_EQ(out->find("v")->text, "to y");
}

TEST_F(MatrixTest, ARecordThatLeadsBackToItselfIsRefused) {
  const Matrix matrix =
      this->matrix("{a: {one: {t: $(matrix.b.t)}}, b: {one: {t: $(matrix.a.t)}}}");
  (void)matrix.resolve(tree("v: $(matrix.a.t)"), {{"a", "one"}, {"b", "one"}});
  EXPECT_THAT(diagnostics_.to_string(), ::testing::HasSubstr("leads back to itself"));
}

TEST_F(MatrixTest, WhatTheMatrixLeftAloneIsShared) {
  const Matrix matrix = this->matrix("{a: [x]}");
  const NodePtr value = tree("{v: $(matrix.a), w: {k: 1}}");
  const NodePtr out = matrix.resolve(value, {{"a", "x"}});
  EXPECT_EQ(out->find("w"), value->find("w"));
  EXPECT_NE(out, value);
}

TEST_F(MatrixTest, AReplacedValueKnowsItsRecordAndItsUse) {
  const Matrix matrix = this->matrix("{a: {one: {c: {k: 1}}}}");
  const NodePtr out = matrix.resolve(tree("x: 1\nv: $(matrix.a.c)"), {{"a", "one"}});
  const Node* inner = out->find("v")->find("k");
  EXPECT_EQ(inner->use().mark, (base::Mark{2, 4}));
  EXPECT_EQ(inner->written().mark, (base::Mark{1, 19}));
}

TEST_F(MatrixTest, MapsGiveNoLongerText) {
  const Matrix matrix = this->matrix("{a: {one: {c: {k: 1}}}}");
  (void)matrix.resolve(tree("v: x$(matrix.a.c)"), {{"a", "one"}});
  EXPECT_EQ(diagnostics_.to_string(),
            "s.yaml:1:4: $(matrix.a.c) is a map; within a longer text it must be a scalar\n");
}

TEST_F(MatrixTest, DefaultGivesWholeColumns) {
  const Matrix matrix =
      this->matrix("{a: {default: {c: {k: 1, l: 2}}, one: {}, two: {c: {k: 3}}}}");
  EXPECT_THAT(names(matrix), ElementsAre("a=one", "a=two"));
  const NodePtr value = tree("v: $(matrix.a.c)");
  EXPECT_EQ(to_json_text(*matrix.resolve(value, {{"a", "one"}})), R"({"v":{"k":1,"l":2}})");
  EXPECT_EQ(to_json_text(*matrix.resolve(value, {{"a", "two"}})), R"({"v":{"k":3}})");
}

TEST_F(MatrixTest, TooManyCellsAreRefused) {
  const Matrix matrix = this->matrix("{a: [1, 2, 3], b: [1, 2, 3], c: [1, 2, 3]}");
  EXPECT_TRUE(matrix.cells(20).empty());
  EXPECT_EQ(diagnostics_.to_string(), "s.yaml:1:1: over 20 cells\n");
}

}  // namespace
}  // namespace sallyport::sim::scenario
