// The client verb run: a real command, its environment and its fakes.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using agents::RunSpec;

void decode_environment(Reader& reader, RunSpec& spec, Context& context) {
  const Node* node = reader.get("environment");
  if (node == nullptr) return;
  if (node->is_map()) {
    spec.environment = RunSpec::Environment::agent;
    spec.variables = as_pairs(*node, context.complaints);
    return;
  }
  struct Word {
    std::string_view name;
    RunSpec::Environment value;
  };
  constexpr std::array<Word, 3> kWords{{{"agent", RunSpec::Environment::agent},
                                        {"none", RunSpec::Environment::none},
                                        {"operator", RunSpec::Environment::operator_}}};
  const std::span<const Word> words(kWords);
  const auto word = as_word(*node, names_of(words), "an environment", context.complaints);
  if (!word) return;
  spec.environment = find_by_name(words, *word)->value;
  if (spec.environment == RunSpec::Environment::operator_ && !context.cell.gateway) {
    context.complaints.at(*node,
                          "an operator speaks to the gateway, and there is none in this world; "
                          "write gateway: {}");
  }
}

agents::ToolSpec decode_tool(const Node& node, const std::string& name, Complaints& complaints) {
  agents::ToolSpec tool;
  tool.name = name;
  Reader reader(node, keys::tool(), complaints);
  tool.exit = static_cast<int>(reader.integer("exit", 0));
  if (tool.exit > 255) complaints.at(*reader.get("exit"), "an exit code is 0 to 255");
  tool.out = reader.text("stdout");
  tool.err = reader.text("stderr");
  return tool;
}

// A shell's text: its own $(...) stay, so the escape keeps the last expansion off them.
std::vector<std::string> shell(std::string text) {
  for (std::size_t at = text.find("$("); at != std::string::npos; at = text.find("$(", at + 3)) {
    text.insert(at, "$");
  }
  return {"sh", "-c", std::move(text)};
}

void decode_confine(Reader& reader, RunSpec& spec, Context& context) {
  spec.confined = reader.word("confine", "none") == "agent";
  if (spec.confined && context.cell.supervisors.empty()) {
    context.complaints.at(*reader.get("confine"),
                          "a workload is confined by its supervisor, and there is none in this "
                          "world");
  }
}

}  // namespace

std::vector<agents::ToolSpec> decode_tools(Reader& reader) {
  std::vector<agents::ToolSpec> all;
  const Node* tools = reader.get("tools");
  if (tools == nullptr) return all;
  if (!tools->is_map()) reader.complaints().at(*tools, "\"tools\" is a map from name to fake");
  for (const Entry& entry : tools->entries) {
    agents::ToolSpec tool;
    tool.name = entry.key;
    tool.missing = entry.value->is_scalar() && entry.value->text == "none";
    if (tool.missing) {
      all.push_back(std::move(tool));
      continue;
    }
    if (!entry.value->is_list()) {
      all.push_back(decode_tool(*entry.value, entry.key, reader.complaints()));
      continue;
    }
    if (entry.value->items.empty()) {
      reader.complaints().at(*entry.value, "a list of fakes has one for the first call at least");
      continue;
    }
    std::vector<agents::ToolSpec> calls;
    for (const NodePtr& item : entry.value->items)
      calls.push_back(decode_tool(*item, entry.key, reader.complaints()));
    tool = calls.front();
    tool.then.assign(calls.begin() + 1, calls.end());
    all.push_back(std::move(tool));
  }
  return all;
}

RunSpec decode_run(Reader& reader, Context& context) {
  RunSpec spec;
  const Node& command = *reader.get("run");
  if (command.is_scalar()) {
    spec.argv = shell(as_text(command, context.complaints).value_or(""));
  } else {
    spec.argv = as_texts(command, context.complaints);
    if (spec.argv.empty()) context.complaints.at(command, "a command needs at least its name");
  }
  decode_environment(reader, spec, context);
  spec.unset = reader.texts("unset");
  spec.user = reader.text("user");
  spec.cwd = reader.text("cwd");
  if (spec.cwd == ".") spec.cwd.clear();
  spec.stdin_text = reader.text("stdin");
  decode_confine(reader, spec, context);
  spec.tools = decode_tools(reader);
  return spec;
}

}  // namespace sallyport::sim::scenario
