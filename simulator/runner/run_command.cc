// `run` steps: a real command in its host, with the environment that a sandbox would give it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "simulator/runner/steps.h"

namespace sallyport::sim::runner {
namespace {

using Environment = std::map<std::string, std::string>;

// An id that is nobody's on the machine, so that an agent owns nothing but its folder.
constexpr uid_t kAgentId = 64021;
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// A fake says what it was told to and ends as it was told to.
void write_tools(const std::string& folder, const std::vector<agents::ToolSpec>& tools) {
  ::mkdir(folder.c_str(), 0755);
  for (const agents::ToolSpec& tool : tools) {
    const std::string path = folder + "/" + tool.name;
    std::ofstream(path) << fmt::format("#!/bin/sh\nprintf %s {}\nprintf %s {} >&2\nexit {}\n",
                                       shell_quoted(tool.out), shell_quoted(tool.err), tool.exit);
    ::chmod(path.c_str(), 0755);
  }
}

Environment environment_of(Stage& stage, const scenario::Step& step, const agents::RunSpec& spec,
                           const std::string& home, const journal::Lookup& lookup) {
  Environment environment{{"PATH", std::string(kPath)},
                          {"HOME", home},
                          {"USER", "agent"},
                          {"SHELL", "/bin/bash"},
                          {"TERM", "dumb"},
                          {"LANG", "C.UTF-8"},
                          {"TMPDIR", home}};
  const subject::Subject* const serving = stage.serving(step.from);
  if (serving != nullptr && spec.environment != agents::RunSpec::Environment::none) {
    for (const auto& [name, value] : serving->agent_environment()) environment[name] = value;
  }
  for (const auto& [name, value] : spec.variables)
    environment[name] = journal::expand(value, lookup, true);
  for (const std::string& name : spec.unset) environment.erase(name);
  return environment;
}

std::string without_last_newline(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

agents::Facts facts_of(const world::Process& process, const world::Exit& end, bool expired) {
  agents::Facts facts;
  facts["stdout"] = without_last_newline(process.out());
  facts["stderr"] = without_last_newline(process.err());
  std::string name = "ok";
  switch (end.kind) {
    case world::Exit::Kind::exited:
      facts["exit"] = static_cast<std::int64_t>(end.value);
      if (end.value != 0) name = "exit_nonzero";
      break;
    case world::Exit::Kind::signalled:
      facts["signal"] = static_cast<std::int64_t>(end.value);
      name = "killed";
      break;
    case world::Exit::Kind::exec_failed:
    case world::Exit::Kind::setup_failed:
      if (!world::is_cancelled(end)) facts["stderr"] = end.detail;
      name = "exec_failed";
      break;
  }
  facts["class"] = expired ? std::string("stalled") : name;
  return facts;
}

world::CommandSpec command_of(Stage& stage, const scenario::Step& step, const std::string& nonce) {
  const auto& spec = std::get<agents::RunSpec>(step.verb);
  const journal::Lookup lookup = stage.step_lookup(nonce);
  const std::string home = fmt::format("{}/agents/{}", stage.options.run_folder, nonce);
  const uid_t id = stage.options.ids ? kAgentId : 0;
  ::mkdir((stage.options.run_folder + "/agents").c_str(), 0755);
  if (const auto made = world::own_folder(home, id, id); !made) {
    stage.trouble = fmt::format("{}: {}", home, made.error().message());
  }
  world::CommandSpec command;
  for (const std::string& argument : spec.argv)
    command.argv.push_back(journal::expand(argument, lookup, true));
  Environment environment = environment_of(stage, step, spec, home, lookup);
  world::Confinement confinement;
  confinement.uid = id;
  confinement.gid = id;
  confinement.folder = home;
  confinement.hidden = {stage.options.run_folder};
  if (!spec.tools.empty()) {
    const std::string tools = fmt::format("{}/agents/{}.tools", stage.options.run_folder, nonce);
    write_tools(tools, spec.tools);
    environment["PATH"] = tools + ":" + environment["PATH"];
    confinement.visible.push_back(tools);
  }
  if (const subject::Subject* const serving = stage.serving(step.from)) {
    confinement.visible.push_back(serving->ca_folder());
  }
  for (const auto& [name, value] : environment) command.environment.push_back(name + "=" + value);
  command.cwd =
      (std::filesystem::path(stage.scenario.folder) / spec.cwd).lexically_normal().string();
  command.stdin_text = journal::expand(spec.stdin_text, lookup, true);
  command.host = stage.hosts->view(step.from);
  command.confined = std::move(confinement);
  return command;
}

// Arguments and environment as one text, for the secrets rule.
std::string text_of(const world::CommandSpec& command) {
  std::string text;
  for (const std::string& argument : command.argv) text += argument + "\n";
  for (const std::string& variable : command.environment) text += variable + "\n";
  return text;
}

}  // namespace

net::Task<agents::Facts> run_command(Stage& stage, const scenario::Step& step, std::string nonce) {
  world::CommandSpec command = command_of(stage, step, nonce);
  const std::string shown = text_of(command);
  const base::TimePoint began = stage.clock.now();
  auto started = world::spawn(stage.loop.executor(), std::move(command));
  if (!started) {
    agents::Facts failed;
    failed["class"] = std::string("exec_failed");
    failed["stderr"] = started.error().message();
    co_return failed;
  }
  const std::unique_ptr<world::Process> process = std::move(*started);
  bool expired = false;
  net::Deadline bound(stage.deadlines, [&expired, &process] {
    expired = true;
    process->kill();
  });
  bound.set(began + step.timeout);
  const world::Exit end = co_await process->wait();
  // Still going at the scenario's deadline: it is cut short, and the verdict is about that.
  const bool cut = world::is_cancelled(end);
  if (!cut && end.kind == world::Exit::Kind::setup_failed) {
    stage.trouble = fmt::format("{}: the agent's surroundings: {}", step.name, end.detail);
  }
  agents::Facts facts = facts_of(*process, end, expired || cut);
  facts["total"] = static_cast<std::int64_t>((stage.clock.now() - began).count());
  stage.command_texts[step.name] += shown + process->out() + process->err();
  stage.note(step.name, "outcome", facts);
  co_return facts;
}

}  // namespace sallyport::sim::runner
