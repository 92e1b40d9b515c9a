// `run` steps: a real command in its host, with the environment that a sandbox would give it.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "simulator/runner/fake_tools.h"
#include "simulator/runner/steps.h"

namespace sallyport::sim::runner {
namespace {

using Environment = std::map<std::string, std::string>;

// An id that is nobody's on the machine, so that an agent owns nothing but its folder.
constexpr uid_t kAgentId = 64021;
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Where the gateway is, and its command line on the PATH.
void add_operators(const Stage& stage, Environment& environment) {
  if (!stage.gateway) return;
  environment["SALLYPORT_GATEWAY"] = stage.gateway->spec().address;
  const std::filesystem::path binary = stage.options.gateway_binary;
  environment["PATH"] = binary.parent_path().string() + ":" + environment["PATH"];
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
  const bool agents_own = spec.environment != agents::RunSpec::Environment::none &&
                          spec.environment != agents::RunSpec::Environment::operator_;
  if (serving != nullptr && agents_own) {
    for (const auto& [name, value] : serving->agent_environment()) environment[name] = value;
  }
  if (spec.environment == agents::RunSpec::Environment::operator_)
    add_operators(stage, environment);
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

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// Of /etc/passwd: by name, or by number, which need not stand there.
std::optional<User> user_named(const std::string& wanted) {
  std::istringstream lines(subject::read_file("/etc/passwd"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, skipped, uid, gid;
    std::getline(words, name, ':');
    std::getline(words, skipped, ':');
    std::getline(words, uid, ':');
    std::getline(words, gid, ':');
    if (name != wanted && uid != wanted) continue;
    return User{name, static_cast<uid_t>(std::strtoul(uid.c_str(), nullptr, 10)),
                static_cast<gid_t>(std::strtoul(gid.c_str(), nullptr, 10))};
  }
  const bool number = !wanted.empty() && wanted.size() < 10 &&
                      wanted.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return std::nullopt;
  const auto id = static_cast<uid_t>(std::strtoul(wanted.c_str(), nullptr, 10));
  return User{wanted, id, id};
}

std::optional<User> user_of(const Stage& stage, const agents::RunSpec& spec) {
  if (!spec.user.empty()) return user_named(spec.user);
  const uid_t id = stage.options.ids ? kAgentId : 0;
  return User{"agent", id, id};
}

world::CommandSpec command_of(Stage& stage, const scenario::Step& step, const std::string& nonce,
                              const User& user, const FakeTools& tools) {
  const auto& spec = std::get<agents::RunSpec>(step.verb);
  const journal::Lookup lookup = stage.step_lookup(nonce);
  const std::string home = fmt::format("{}/agents/{}", stage.options.run_folder, nonce);
  if (const auto made = world::own_folder(home, user.uid, user.gid); !made) {
    stage.trouble = fmt::format("{}: {}", home, made.error().message());
  }
  world::CommandSpec command;
  for (const std::string& argument : spec.argv)
    command.argv.push_back(journal::expand(argument, lookup, true));
  Environment environment = environment_of(stage, step, spec, home, lookup);
  if (!spec.user.empty()) environment["USER"] = user.name;
  if (const auto path = environment.find("PATH"); path != environment.end())
    path->second = tools.path(path->second);
  world::Confinement confinement;
  confinement.uid = user.uid;
  confinement.gid = user.gid;
  confinement.folder = home;
  confinement.hidden = {stage.options.run_folder};
  confinement.sandboxed = spec.confined;
  if (!tools.folder().empty()) confinement.visible.push_back(tools.folder());
  if (!tools.folder().empty()) confinement.reports.push_back(tools.pipe());
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

// Arguments and environment as one text, for the secrets rule.
std::string text_of(const world::CommandSpec& command) {
  std::string text;
  for (const std::string& argument : command.argv) text += argument + "\n";
  for (const std::string& variable : command.environment) text += variable + "\n";
  return text;
}

}  // namespace

net::Task<agents::Facts> run_command(Stage& stage, const scenario::Step& step, std::string nonce) {
  const auto& spec = std::get<agents::RunSpec>(step.verb);
  const std::optional<User> user = user_of(stage, spec);
  if (!user) co_return exec_failed(fmt::format("no user {} in /etc/passwd", spec.user));
  const std::string agents = stage.options.run_folder + "/agents";
  ::mkdir(agents.c_str(), 0755);
  FakeTools tools(stage, step.name, fmt::format("{}/{}.tools", agents, nonce), spec.tools);
  world::CommandSpec command = command_of(stage, step, nonce, *user, tools);
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
