// sallyport-supervisor: what its command line asks for.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "reference/app/gate_command.h"
#include "reference/app/run_sandbox.h"
#include "reference/app/serving.h"
#include "reference/base/no_dumps.h"
#include "reference/sandbox/exec_client.h"
#include "reference/sandbox/state_folder.h"
#include "reference/supervisor/command_line.h"

namespace sallyport::app {
namespace {

int serve_files(const supervisor::ServeFlags& flags) {
  const std::vector<std::string> problems = supervisor::check_descriptors(flags);
  for (const std::string& problem : problems) fail(kMisuse, problem);
  base::Diagnostics complaints;
  const auto config = supervisor::load_config(flags.config, complaints);
  auto first = read_generation(config, flags, from_environment, complaints);
  if (first == nullptr || !problems.empty()) return kMisuse;
  if (flags.check) return kOk;
  base::forbid_core_dumps();  // keys are in memory from here on
  return serve(flags, *config, std::move(first));
}

int exec(const supervisor::ExecFlags& flags) {
  if (!sandbox::is_sandbox_name(flags.sandbox))
    return fail(kMisuse, fmt::format("\"{}\" is no name of a sandbox", flags.sandbox));
  sandbox::ExecOptions options;
  options.folder = sandbox::state_folder(flags.state_dir, ::geteuid(), from_environment);
  options.name = flags.sandbox;
  options.timeout = flags.timeout;
  options.with_input = flags.input;
  options.json = flags.json;
  options.words = flags.command;
  return sandbox::run_exec(options);
}

}  // namespace
}  // namespace sallyport::app

int main(int argc, char** argv) {
  // A peer that is gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto line = sallyport::supervisor::parse_command_line(argc, argv);
  if (line.serve) return sallyport::app::serve_files(*line.serve);
  if (line.run) return sallyport::app::run_sandbox(*line.run);
  if (line.exec) return sallyport::app::exec(*line.exec);
  if (line.gate) return sallyport::app::run_gate_command(*line.gate);
  fmt::print(line.exit_code == 0 ? stdout : stderr, "{}", line.output);
  return line.exit_code;
}
