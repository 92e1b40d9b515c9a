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

namespace sallyport::supervisor {
namespace {

constexpr double kSlowMax = 1000;

void add_serve(CLI::App& app, ServeFlags& flags) {
  CLI::App* serve = app.add_subcommand("serve", "Be the egress proxy of one sandbox");
  serve->add_option("--config", flags.config, "Configuration file (docs/supervisor-config.md)")
      ->required();
  serve->add_flag("--check", flags.check, "Validate configuration, policy and routes, and leave");
  serve->add_option("--slow", flags.slow, "Multiply every time limit")
      ->check(CLI::Range(1.0, kSlowMax));
  const auto fd = CLI::Range(0, 1 << 20);
  serve->add_option("--ready-fd", flags.ready_fd, "Descriptor for the readiness line")->check(fd);
  serve->add_option("--audit-fd", flags.audit_fd, "Descriptor for events, JSON lines")->check(fd);
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
  CLI::App app("The egress supervisor of one sandbox", "sallyport-supervisor");
  app.set_version_flag("--version", "sallyport-supervisor " SALLYPORT_VERSION);
  app.require_subcommand(1);
  add_serve(app, flags);
  try {
    app.parse(argc, argv);
    result.serve = flags;
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
