// The client verb gate: what the readiness gate is told, and what its probes come to.

#include <algorithm>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using agents::GateSpec;
using Result = agents::GateSpec::Result;

Result decode_result(const Node& node, Reader& reader) {
  Result result;
  if (node.is_scalar()) {
    const Shape& shape = keys::step("gate").find("exec")->shape;
    const Words words = shape.parts[1].parts[0].parts[0].words;
    const auto word = as_word(node, words, "a result", reader.complaints());
    result.kind = word && *word == "timed_out" ? Result::Kind::timed_out : Result::Kind::not_run;
    return result;
  }
  Reader inner(node, keys::gate_result(), reader.complaints());
  result.exit = static_cast<int>(inner.integer("exit", 0));
  if (result.exit > 255) reader.complaints().at(*inner.get("exit"), "an exit code is 0 to 255");
  result.out = inner.text("stdout");
  result.err = inner.text("stderr");
  return result;
}

void decode_exec(Reader& reader, GateSpec& spec) {
  const Node* const exec = reader.get("exec");
  if (exec == nullptr || exec->is_word("real")) return;
  if (exec->items.empty()) {
    reader.complaints().at(*exec, "\"exec\" is `real`, or a list of at least one result");
  }
  for (const NodePtr& item : exec->items) spec.results.push_back(decode_result(*item, reader));
}

void decode_setup(const Node& node, GateSpec::Setup& setup, Context& context) {
  Reader reader(node, keys::gate_setup(), context.complaints);
  setup.gpu = reader.boolean("gpu", setup.gpu);
  setup.platform = reader.text("platform", setup.platform);
  setup.driver = reader.text("driver", setup.driver);
  setup.route = reader.text("route", setup.route);
  setup.network = reader.text("network", setup.network);
  setup.auto_fix = reader.boolean("auto_fix", setup.auto_fix);
  setup.subnet = reader.text("subnet");
}

void decode_limits(const Node& node, GateSpec::Limits& limits, Context& context) {
  Reader reader(node, keys::gate_limits(), context.complaints);
  limits.attempts = reader.integer("attempts", limits.attempts, 1);
  limits.gap = reader.duration("gap", limits.gap);
  limits.connect = reader.duration("connect", limits.connect);
  limits.total = reader.duration("total", limits.total);
  limits.exec = reader.duration("exec", limits.exec);
}

void decode_environment(Reader& reader, GateSpec& spec) {
  const Node* const node = reader.get("environment");
  if (node == nullptr) return;
  if (node->is_map()) {
    spec.variables = as_pairs(*node, reader.complaints());
    return;
  }
  const Words words = keys::step("gate").find("environment")->shape.parts[0].words;
  const auto word = as_word(*node, words, "an environment", reader.complaints());
  spec.bare = word && *word == "none";
}

}  // namespace

GateSpec decode_gate(Reader& reader, Context& context) {
  GateSpec spec;
  spec.kind = reader.text("gate");
  spec.rule = reader.word("rule", spec.rule);
  decode_exec(reader, spec);
  if (const Node* const setup = reader.get("setup")) decode_setup(*setup, spec.setup, context);
  if (const Node* const limits = reader.get("limits")) decode_limits(*limits, spec.limits, context);
  decode_environment(reader, spec);
  spec.unset = reader.texts("unset");
  spec.tools = decode_tools(reader);
  if (context.cell.supervisors.empty()) {
    context.complaints.at(*reader.get("gate"),
                          "the gate asks what a supervisor serves, and there is none in this "
                          "world");
  }
  return spec;
}

}  // namespace sallyport::sim::scenario
