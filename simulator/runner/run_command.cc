// `run` steps: a real command in its host, with the environment that a sandbox would give it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

#include "simulator/runner/agent_command.h"
#include "simulator/runner/steps.h"

namespace sallyport::sim::runner {
namespace {

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

agents::Facts exec_failed(std::string why) {
  agents::Facts facts;
  facts["class"] = std::string("exec_failed");
  facts["stderr"] = std::move(why);
  return facts;
}

// What was executed, where, and what came of it.
void note_exec(Stage& stage, const scenario::Step& step, const std::string& argv,
               const agents::Facts& facts) {
  journal::Fields fields;
  fields["argv"] = journal::Json{argv};
  fields["context"] = step.from;
  for (const char* const name : {"exit", "stdout"}) {
    if (const auto found = facts.find(name); found != facts.end()) fields[name] = found->second;
  }
  stage.note(step.name, "exec", std::move(fields));
}

}  // namespace

net::Task<agents::Facts> run_command(Stage& stage, const scenario::Step& step, std::string nonce) {
  const auto& spec = std::get<agents::RunSpec>(step.verb);
  const std::optional<User> user = user_of(stage, spec.user);
  if (!user) co_return exec_failed(fmt::format("no user {} in /etc/passwd", spec.user));
  const std::string agents = stage.options.run_folder + "/agents";
  ::mkdir(agents.c_str(), 0755);
  FakeTools tools(stage, step.name, fmt::format("{}/{}.tools", agents, nonce),
                  home_of(stage, nonce), spec.tools);
  const CommandPlace place{step.from, stage.serving(step.from), nonce};
  world::CommandSpec command = agent_command(stage, spec, place, *user, tools);
  const std::string argv = json_list(command.argv);
  const std::string shown = text_of(command);
  const base::TimePoint began = stage.clock.now();
  auto started = world::spawn(stage.loop.executor(), std::move(command));
  if (!started) {
    co_return exec_failed(started.error().message());
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
  // What fakes told before the command ended stands before it.
  tools.drain();
  note_exec(stage, step, argv, facts);
  stage.note(step.name, "outcome", facts);
  co_return facts;
}

}  // namespace sallyport::sim::runner
