#include "reference/app/gate_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "reference/app/serving.h"
#include "reference/base/unique_fd.h"
#include "reference/net/loop_clock.h"
#include "reference/net/task_group.h"
#include "reference/readiness/facts.h"
#include "reference/readiness/gate.h"
#include "reference/readiness/process_runner.h"
#include "reference/readiness/report.h"
#include "reference/sandbox/state_folder.h"

namespace sallyport::app {
namespace {

using readiness::Request;
using SignalSet = net::asio::basic_signal_set<net::Executor>;

constexpr int kSignalled = 128;

// Nothing for what is no network namespace.
std::optional<std::uint64_t> inode_of(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::ioctl(file.get(), NS_GET_NSTYPE) != CLONE_NEWNET ||
      ::fstat(file.get(), &status) != 0)
    return std::nullopt;
  return status.st_ino;
}

readiness::Words exec_words(const supervisor::GateFlags& flags) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  readiness::Words words{error ? std::string("sallyport-supervisor") : self.string(), "exec",
                         "--sandbox", flags.request.sandbox};
  if (!flags.state_dir.empty()) words.insert(words.end(), {"--state-dir", flags.state_dir});
  return words;
}

// What only this machine can tell of the request; what is wrong, or nothing.
std::string complete(const supervisor::GateFlags& flags, Request& request) {
  if (!request.sandbox.empty() && !sandbox::is_sandbox_name(request.sandbox))
    return fmt::format("\"{}\" is no name of a sandbox", request.sandbox);
  if (request.exec_command.empty()) {
    request.exec_command = exec_words(flags);
    request.exec_command.emplace_back("--");
  }
  if (flags.agent_netns.empty()) {
    if (request.sandbox.empty()) return {};
    request.agent_query = exec_words(flags);
    request.agent_query.insert(request.agent_query.end(), {"--json", "--", "true"});
    return {};
  }
  request.agent_netns = readiness::inode_number(flags.agent_netns);
  if (!request.agent_netns) request.agent_netns = inode_of(flags.agent_netns);
  if (request.agent_netns) return {};
  return fmt::format("--agent-netns {}: no inode, and no file of a network namespace",
                     flags.agent_netns);
}

// The gate's parts, in the order of their dependencies.
struct Parts {
  base::StderrLog log{base::LogLevel::warning};
  net::Loop loop;
  net::LoopClock clock{loop.executor()};
  net::Deadlines deadlines{loop.executor(), clock};
  readiness::ProcessRunner runner{loop.executor(), deadlines};
  SignalSet signals{loop.executor(), SIGINT, SIGTERM, SIGHUP};
  net::TaskGroup tasks{loop.executor(), log};
  std::optional<readiness::Report> report;
  int signal = 0;
};

net::Task<void> pass(Parts* parts, Request request) {
  parts->report = co_await readiness::run_gate(std::move(request), parts->runner, parts->clock);
  parts->signals.cancel();
}

net::Task<void> heed_signals(Parts* parts) {
  // Without a bound: this waits for whoever runs the process.
  const auto [error, number] = co_await parts->signals.async_wait(net::kAwait);
  if (error) co_return;
  parts->signal = number;
  parts->runner.end_all();
  parts->tasks.force();
}

void tell(const Request& request, const readiness::Report& report, bool json) {
  for (const std::string& note : report.notes) fmt::print(stderr, "{}\n", note);
  const std::string text = readiness::report_text(request, report);
  const bool good = report.outcome == readiness::Class::ok;
  if (json) fmt::print("{}\n", readiness::report_json(request, report));
  if (!good || !json) fmt::print(good ? stdout : stderr, "{}", text);
}

}  // namespace

int run_gate_command(const supervisor::GateFlags& flags) {
  Request request = flags.request;
  if (const std::string wrong = complete(flags, request); !wrong.empty())
    return fail(kMisuse, wrong);
  Parts parts;
  parts.tasks.spawn(heed_signals(&parts));
  parts.tasks.spawn(pass(&parts, request));
  parts.loop.context().run();
  if (parts.signal != 0) return kSignalled + parts.signal;
  if (!parts.report) return fail(readiness::exit_code(readiness::Class::exec_failed), "a bug");
  tell(request, *parts.report, flags.json);
  return readiness::exit_code(parts.report->outcome);
}

}  // namespace sallyport::app
