#include "reference/supervisor/command_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

namespace sallyport::supervisor {
namespace {

constexpr double kSlowMax = 1000;
constexpr double kTimeoutMaxSeconds = 86'400.0 * 365;

constexpr int kFdMax = 1 << 20;

constexpr const char* kRunFooter =
    R"(The command sees the machine as its user does, but for the network, of which the
proxy is all that it reaches, and for what the policy's filesystem section leaves
out. Its exit code is run's; 125: it did not run; 2: a mistake in a file or here.

Examples:
  sallyport-supervisor run --policy policy.yaml -- bash
  sallyport-supervisor run --policy policy.yaml --name ci -- python3 agent.py
  sallyport-supervisor run --config with-a-gateway.yaml -- python3 agent.py)";

constexpr const char* kExecFooter =
    R"(The command gets what the sandbox's agent got: namespaces, user, environment,
confinement. Its exit code is exec's; 125: it did not run; 124: its time was over.

Examples:
  sallyport-supervisor exec --sandbox ci -- curl -sS https://api.example.com/
  sallyport-supervisor exec --sandbox ci --timeout 30 -i -- sh -s < steps.sh)";

// What serve and run have in common.
void add_common(CLI::App& command, ServeFlags& flags) {
  command.add_option("--slow", flags.slow, "Multiply every time limit")
      ->check(CLI::Range(1.0, kSlowMax));
  const auto fd = CLI::Range(0, kFdMax);
  command.add_option("--ready-fd", flags.ready_fd, "Descriptor for the readiness line")->check(fd);
  command.add_option("--audit-fd", flags.audit_fd, "Descriptor for events, JSON lines")->check(fd);
}

void add_run(CLI::App& app, RunFlags& flags) {
  CLI::App* run = app.add_subcommand("run", "Run a command in a sandbox behind the proxy");
  run->add_option(
      "--policy", flags.policy,
      "Policy file (docs/policy.md); without it, the configuration's gateway has the policy");
  run->add_option("--config", flags.serve.config,
                  "Configuration file (docs/supervisor-config.md), without listen and policy");
  run->add_option("--name", flags.name, "What exec calls the sandbox");
  run->add_option("--state-dir", flags.state_dir,
                  "Folder of the sandboxes' sockets (default: $XDG_RUNTIME_DIR/sallyport, "
                  "/run/sallyport)");
  run->add_option("--workdir", flags.folder, "Where the command begins (default: here)");
  add_common(*run, flags.serve);
  run->add_option("command", flags.command, "The command and its arguments, after --")->required();
  run->footer(kRunFooter);
}

void add_exec(CLI::App& app, ExecFlags& flags) {
  CLI::App* exec = app.add_subcommand("exec", "Run a command in a sandbox that runs");
  exec->add_option("--sandbox", flags.sandbox, "The sandbox's name")->required();
  exec->add_option("--state-dir", flags.state_dir, "As run's");
  exec->add_option("--timeout", flags.timeout,
                   "End it with all its processes after so many seconds")
      ->check(CLI::Range(0.001, kTimeoutMaxSeconds));
  exec->add_flag("-i,--stdin", flags.input,
                 "Our standard input is the command's; else it is empty");
  exec->add_flag("--json", flags.json, "Tell the result as a line of JSON on standard error");
  exec->add_option("command", flags.command, "The command and its arguments, after --")->required();
  exec->footer(kExecFooter);
}

void add_serve(CLI::App& app, ServeFlags& flags) {
  CLI::App* serve = app.add_subcommand("serve", "Be the egress proxy of one sandbox");
  serve->add_option("--config", flags.config, "Configuration file (docs/supervisor-config.md)")
      ->required();
  serve->add_flag("--check", flags.check, "Validate configuration, policy and routes, and leave");
  add_common(*serve, flags);
  const auto fd = CLI::Range(0, kFdMax);
  serve->add_option("--sandbox-netns-fd", flags.sandbox_netns_fd, "The agent's network namespace")
      ->check(fd);
  serve->add_option("--sandbox-pid", flags.sandbox_pid, "A process of the agent's")
      ->check(CLI::Range(1, 1 << 22));
}

std::string problem(std::string_view flag, int value, std::string_view what) {
  return fmt::format("{} {}: {}", flag, value, what);
}

void check_writable(std::string_view flag, int fd, std::vector<std::string>& problems) {
  if (fd < 0) return;
  const int mode = ::fcntl(fd, F_GETFL);
  if (mode < 0) {
    problems.push_back(problem(flag, fd, "not an open descriptor"));
  } else if ((mode & O_ACCMODE) == O_RDONLY) {
    problems.push_back(problem(flag, fd, "open for reading only, it must be writable"));
  }
}

void check_netns(int fd, std::vector<std::string>& problems) {
  constexpr std::string_view kFlag = "--sandbox-netns-fd";
  if (fd < 0) return;
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    problems.push_back(problem(kFlag, fd, "not an open descriptor"));
    return;
  }
  const int type = ::ioctl(fd, NS_GET_NSTYPE);
  if (type < 0) {
    problems.push_back(problem(kFlag, fd, "not a namespace (open /proc/PID/ns/net)"));
  } else if (type != CLONE_NEWNET) {
    problems.push_back(problem(kFlag, fd, "a namespace of another kind, it must be a network one"));
  }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine result;
  ServeFlags flags;
  RunFlags run;
  ExecFlags exec;
  GateOptions gate;
  CLI::App app("The egress supervisor of one sandbox", "sallyport-supervisor");
  app.set_version_flag("--version", "sallyport-supervisor " SALLYPORT_VERSION);
  app.require_subcommand(1);
  add_serve(app, flags);
  add_run(app, run);
  add_exec(app, exec);
  gate.add(app);
  try {
    app.parse(argc, argv);
    if (app.got_subcommand("serve")) result.serve = flags;
    if (app.got_subcommand("run")) {
      if (run.policy.empty() && run.serve.config.empty()) throw CLI::RequiredError("--policy");
      result.run = run;
    }
    if (app.got_subcommand("exec")) result.exec = exec;
    if (app.got_subcommand("gate")) {
      GateFlags asked;
      if (const std::string wrong = gate.flags(asked); !wrong.empty())
        throw CLI::ValidationError("gate", wrong);
      result.gate = std::move(asked);
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    result.exit_code = app.exit(error, out, err) == 0 ? 0 : 2;
    result.output = result.exit_code == 0 ? out.str() : err.str();
  }
  return result;
}

std::vector<std::string> check_descriptors(const ServeFlags& flags) {
  std::vector<std::string> problems;
  check_writable("--ready-fd", flags.ready_fd, problems);
  check_writable("--audit-fd", flags.audit_fd, problems);
  check_netns(flags.sandbox_netns_fd, problems);
  if (flags.sandbox_pid > 0 && ::kill(flags.sandbox_pid, 0) != 0 && errno == ESRCH) {
    problems.push_back(problem("--sandbox-pid", flags.sandbox_pid, "no such process"));
  }
  return problems;
}

}  // namespace sallyport::supervisor
