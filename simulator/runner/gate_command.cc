// `gate` steps: the subject's readiness gate, run as an operator runs it on the machine that the
// agent's sandbox is on. The command that runs its probes, and the `docker` that tries the bridge,
// are the world's own, so what they did and where is known without asking the gate.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "reference/net/dialer.h"
#include "simulator/runner/agent_command.h"
#include "simulator/runner/gate_words.h"
#include "simulator/runner/steps.h"

namespace sallyport::sim::runner {
namespace {

using agents::GateSpec;
using Result = agents::GateSpec::Result;

constexpr const char* kExec = "sandbox-exec";
constexpr int kNotRun = 125;     // as `sallyport-supervisor exec` says it
constexpr int kSignalled = 128;  // and the signal

// Of one gate; outlives the step as long as something is being answered.
struct Gate {
  Stage* stage = nullptr;
  const scenario::Step* step = nullptr;
  const GateSpec* spec = nullptr;
  const scenario::Supervisor* supervisor = nullptr;  // whose agent is asked about
  User user;
  const FakeTools* tools = nullptr;  // null once the gate has ended
  std::int64_t calls = 0;
  std::string context;     // the host of the last probe that ran
  bool elsewhere = false;  // a probe ran in another namespace than the agent's
  std::set<world::Process*> running;
};

std::uint64_t inode_of(const Stage& stage, const std::string& host) {
  struct ::stat is {};
  return ::fstat(stage.hosts->fd(host), &is) == 0 ? is.st_ino : 0;
}

void note_call(Gate& gate, const ToolCall& call, std::optional<int> exit, const std::string& out,
               const std::string& context) {
  journal::Fields fields;
  fields["argv"] = journal::Json{json_list(call.arguments)};
  if (!context.empty()) fields["context"] = context;
  if (exit) {
    fields["exit"] = static_cast<std::int64_t>(*exit);
    fields["stdout"] = without_last_newline(out);
  }
  gate.stage->note(gate.step->name, "exec", std::move(fields));
}

std::optional<ToolReply> scripted(Gate& gate, const ToolCall& call) {
  const auto at = std::min<std::size_t>(static_cast<std::size_t>(gate.calls) - 1,
                                        gate.spec->results.size() - 1);
  const Result& result = gate.spec->results[at];
  const journal::Lookup lookup = gate.stage->lookup();
  switch (result.kind) {
    case Result::Kind::timed_out:
      note_call(gate, call, std::nullopt, {}, {});
      return std::nullopt;
    case Result::Kind::not_run:
      note_call(gate, call, kNotRun, {}, {});
      return ToolReply{kNotRun, {}, "the sandbox isn't there\n"};
    case Result::Kind::answer:
      break;
  }
  ToolReply reply{result.exit, journal::expand(result.out, lookup, true),
                  journal::expand(result.err, lookup, true)};
  note_call(gate, call, reply.exit, reply.out, {});
  return reply;
}

agents::RunSpec probe_of(const GateSpec& spec, const ToolCall& call) {
  agents::RunSpec run;
  run.environment =
      spec.bare ? agents::RunSpec::Environment::none : agents::RunSpec::Environment::agent;
  run.variables = spec.variables;
  run.unset = spec.unset;
  run.argv = call.arguments;
  // What the gate says is the shell's, not ours.
  for (std::string& word : run.argv) {
    for (std::size_t at = word.find("$("); at != std::string::npos; at = word.find("$(", at + 3))
      word.insert(at, "$");
  }
  return run;
}

// One probe, in the host that the step names and as the agent's own commands run there.
net::Task<std::optional<ToolReply>> probe(std::shared_ptr<Gate> gate, ToolCall call) {
  if (gate->tools == nullptr) co_return std::nullopt;  // it has ended meanwhile
  ++gate->calls;
  if (!gate->spec->results.empty()) co_return scripted(*gate, call);
  Stage& stage = *gate->stage;
  const std::string& from = gate->step->from;
  gate->context = from;
  const std::string agents = gate->supervisor->serves;
  if (inode_of(stage, from) != inode_of(stage, agents)) gate->elsewhere = true;
  const CommandPlace place{from, stage.subjects.at(gate->supervisor->name).get(),
                           stage.mint_nonce(gate->step->name)};
  const agents::RunSpec run = probe_of(*gate->spec, call);
  world::CommandSpec command = agent_command(stage, run, place, gate->user, *gate->tools);
  stage.command_texts[gate->step->name] += text_of(command);
  auto started = world::spawn(stage.loop.executor(), std::move(command));
  if (!started) {
    note_call(*gate, call, kNotRun, {}, from);
    co_return ToolReply{kNotRun, {}, started.error().message() + "\n"};
  }
  const std::unique_ptr<world::Process> process = std::move(*started);
  gate->running.insert(process.get());
  const world::Exit end = co_await process->wait();
  gate->running.erase(process.get());
  if (world::is_cancelled(end)) co_return std::nullopt;
  const bool ran =
      end.kind == world::Exit::Kind::exited || end.kind == world::Exit::Kind::signalled;
  const int code = end.kind == world::Exit::Kind::signalled ? kSignalled + end.value : end.value;
  ToolReply reply{ran ? code : kNotRun, process->out(), process->err() + end.detail};
  stage.command_texts[gate->step->name] += reply.out + reply.err;
  note_call(*gate, call, reply.exit, reply.out, from);
  co_return reply;
}

// What `docker run ... nc` would do: connect from a container on the agent's bridge.
net::Task<std::optional<ToolReply>> try_bridge(std::shared_ptr<Gate> gate, ToolCall call) {
  Stage& stage = *gate->stage;
  const auto what = bridge_try(call.arguments);
  if (!what) co_return ToolReply{kNotRun, {}, "docker: only a run of nc is known here\n"};
  const auto address = net::IpAddress::parse(what->address.empty() ? what->host : what->address);
  if (!address) co_return ToolReply{1, {}, fmt::format("nc: bad address '{}'\n", what->host)};
  const int family = address->is_v4() ? AF_INET : AF_INET6;
  auto socket = stage.hosts->socket(gate->supervisor->serves, family, SOCK_STREAM);
  if (!socket) co_return ToolReply{1, {}, "nc: " + socket.error().message() + "\n"};
  base::UniqueFd fd = std::move(*socket);
  const net::Endpoint to{*address, what->port};
  const base::TimePoint deadline = stage.clock.now() + gate->spec->limits.connect;
  auto connected =
      co_await net::connect_fd(stage.loop.executor(), stage.deadlines, std::move(fd), to, deadline);
  if (connected) co_return ToolReply{};
  const std::string why =
      fmt::format("nc: {}:{}: {}\n", what->host, what->port, connected.error().message());
  co_return ToolReply{1, {}, why};
}

// Whose agent a step asks about: the one that `from` is, else `agent`, else the first.
const scenario::Supervisor& asked_about(const Stage& stage, const std::string& from) {
  const std::vector<scenario::Supervisor>& all = stage.cell.supervisors;
  for (const std::string& host : {from, std::string("agent")}) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&host](const auto& one) { return one.serves == host; });
    if (found != all.end()) return *found;
  }
  return all.front();
}

GateGround ground_of(const Stage& stage, const scenario::Supervisor& supervisor,
                     const FakeTools& tools) {
  GateGround ground;
  ground.agent = inode_of(stage, supervisor.serves);
  ground.exec_command = tools.folder() + "/" + kExec;
  const auto link = stage.cell.inner_links.find(supervisor.serves);
  if (link != stage.cell.inner_links.end()) {
    ground.gateway = link->second.outer.to_string();
    ground.subnet = fmt::format("{}0/{}", ground.gateway.substr(0, ground.gateway.rfind('.') + 1),
                                link->second.prefix);
  }
  const auto& route = stage.control.routes.at(supervisor.name);
  if (route && stage.providers.contains(route->provider))
    ground.port = stage.providers.at(route->provider)->endpoint().port;
  return ground;
}

// Fakes of the step's own; besides, nothing of the machine's firewall may be reached.
std::vector<agents::ToolSpec> tools_of(const GateSpec& spec) {
  std::vector<agents::ToolSpec> tools = spec.tools;
  if (!spec.setup.auto_fix) return tools;
  for (const char* const name : {"sudo", "ufw"}) {
    const bool said = std::any_of(tools.begin(), tools.end(),
                                  [name](const auto& tool) { return tool.name == name; });
    if (said) continue;
    agents::ToolSpec none;
    none.name = name;
    none.missing = true;
    tools.push_back(std::move(none));
  }
  return tools;
}

agents::Facts not_started(std::string why) {
  agents::Facts facts;
  facts["class"] = std::string("exec_failed");
  facts["calls"] = std::int64_t{0};
  facts["stderr"] = std::move(why);
  return facts;
}

agents::Facts facts_of(const Gate& gate, const world::Process& process, const world::Exit& end) {
  agents::Facts facts = facts_of_report(process.out());
  if (!facts.contains("class")) {
    facts["class"] = std::string("exec_failed");
    facts["detail"] = "the gate gave no report" + (end.detail.empty() ? "" : ": " + end.detail);
  }
  if (gate.elsewhere) facts["class"] = std::string("wrong_context");
  facts["calls"] = gate.calls;
  if (!gate.context.empty()) facts["context"] = gate.context;
  if (end.kind == world::Exit::Kind::exited)
    facts["process_exit"] = static_cast<std::int64_t>(end.value);
  facts["stdout"] = without_last_newline(process.out());
  facts["stderr"] = without_last_newline(process.err());
  return facts;
}

}  // namespace

net::Task<agents::Facts> run_gate(Stage& stage, const scenario::Step& step, std::string nonce) {
  const auto& spec = std::get<GateSpec>(step.verb);
  const auto gate = std::make_shared<Gate>();
  gate->stage = &stage;
  gate->step = &step;
  gate->spec = &spec;
  gate->supervisor = &asked_about(stage, step.from);
  gate->user = *user_of(stage, {});
  const std::string agents = stage.options.run_folder + "/agents";
  ::mkdir(agents.c_str(), 0755);
  FakeTools tools(stage, step.name, fmt::format("{}/{}.tools", agents, nonce),
                  home_of(stage, nonce), tools_of(spec));
  gate->tools = &tools;
  tools.add(
      kExec, [gate](ToolCall call) { return probe(gate, std::move(call)); }, false);
  const bool own_docker = std::any_of(spec.tools.begin(), spec.tools.end(),
                                      [](const auto& tool) { return tool.name == "docker"; });
  if (!own_docker)
    tools.add(
        "docker", [gate](ToolCall call) { return try_bridge(gate, std::move(call)); }, true);
  agents::RunSpec run;
  run.environment = agents::RunSpec::Environment::none;
  run.argv = gate_arguments(spec, ground_of(stage, *gate->supervisor, tools));
  run.argv.insert(run.argv.begin(), stage.options.supervisor_binary);
  const CommandPlace place{gate->supervisor->host, nullptr, nonce};
  world::CommandSpec command = agent_command(stage, run, place, gate->user, tools);
  command.environment.emplace_back(world::kNoLeakSearch);
  const base::TimePoint began = stage.clock.now();
  auto started = world::spawn(stage.loop.executor(), std::move(command));
  if (!started) co_return not_started(started.error().message());
  const std::unique_ptr<world::Process> process = std::move(*started);
  const world::Exit end = co_await process->wait();
  gate->tools = nullptr;
  // What the gate has given up needn't run on.
  for (world::Process* const left : gate->running) left->kill();
  if (end.kind == world::Exit::Kind::setup_failed && !world::is_cancelled(end))
    stage.trouble = fmt::format("{}: the gate's surroundings: {}", step.name, end.detail);
  tools.drain();
  agents::Facts facts = facts_of(*gate, *process, end);
  facts["total"] = static_cast<std::int64_t>((stage.clock.now() - began).count());
  stage.command_texts[step.name] += process->out() + process->err();
  stage.note(step.name, "outcome", facts);
  co_return facts;
}

}  // namespace sallyport::sim::runner
