#include "simulator/world/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "reference/linux/call_filter.h"
#include "reference/linux/capabilities.h"
#include "reference/linux/error.h"
#include "reference/linux/landlock.h"
#include "reference/linux/namespaces.h"
#include "simulator/world/child.h"

namespace sallyport::sim::world {
namespace {

using base::UniqueFd;
using linux::Operation;

constexpr int kExitNotStarted = 127;
// Above any number that a scenario would ask for; descriptors wait there for their place.
constexpr int kParkedFrom = 256;

// The child's ends.
struct Ends {
  UniqueFd in, out, err, report;
};

base::Result<UniqueFd> make_stdin(const std::string& text) {
  if (text.empty()) {
    UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return linux::failure(Operation::make_file, errno);
    return null;
  }
  UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file) return linux::failure(Operation::make_file, errno);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::write(file.get(), text.data() + done, text.size() - done);
    if (size < 0) return linux::failure(Operation::make_file, errno);
    done += static_cast<std::size_t>(size);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return linux::failure(Operation::make_file, errno);
  return file;
}

base::Result<void> make_pipe(UniqueFd& read, UniqueFd& write) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return linux::failure(Operation::make_pipe, errno);
  read.reset(ends[0]);
  write.reset(ends[1]);
  // Only the read end: the command's end blocks, as programs expect.
  if (::fcntl(read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return linux::failure(Operation::make_pipe, errno);
  }
  return {};
}

base::Result<void> enter_host(const HostView& host, std::string& about) {
  if (host.net_namespace >= 0) {
    about = "the host's network namespace";
    auto entered = linux::enter_namespace(host.net_namespace, linux::NamespaceKind::net);
    if (!entered) return entered;
  }
  const std::array<std::pair<const std::string*, const char*>, 3> files{{
      {&host.resolv_conf, "/etc/resolv.conf"},
      {&host.hosts, "/etc/hosts"},
      {&host.nsswitch, "/etc/nsswitch.conf"},
  }};
  for (const auto& [source, target] : files) {
    if (source->empty()) continue;
    if (auto bound = bind_file(*source, target, about); !bound) return bound;
  }
  about.clear();
  return {};
}

// Puts every descriptor where the command expects it and closes all others but the report.
base::Result<void> arrange_descriptors(const CommandSpec& spec, const Ends& ends, UniqueFd& report,
                                       std::string& about) {
  about = "descriptors";
  std::vector<std::pair<int, int>> wanted{
      {ends.in.get(), 0}, {ends.out.get(), 1}, {ends.err.get(), 2}};
  wanted.insert(wanted.end(), spec.descriptors.begin(), spec.descriptors.end());
  int from = kParkedFrom;
  for (const auto& [source, target] : wanted) from = std::max(from, target + 1);
  // First all out of each other's way, then into place.
  for (auto& [source, target] : wanted) {
    source = ::fcntl(source, F_DUPFD_CLOEXEC, from);
    if (source < 0) return linux::failure(Operation::duplicate_descriptor, errno);
  }
  report.reset(::fcntl(ends.report.get(), F_DUPFD_CLOEXEC, from));
  if (!report) return linux::failure(Operation::duplicate_descriptor, errno);
  std::vector<int> keep{report.get()};
  for (const auto& [source, target] : wanted) {
    if (::dup2(source, target) < 0) {
      return linux::failure(Operation::duplicate_descriptor, errno);
    }
    keep.push_back(target);
  }
  about.clear();
  return close_all_but(std::move(keep));
}

void tell(int report, Report::Kind kind, int error, const std::string& text) {
  Report message;
  message.kind = kind;
  message.value = error;
  std::snprintf(message.text, sizeof message.text, "%s", text.c_str());
  // Nobody is left to hear of a failure to tell.
  [[maybe_unused]] const ssize_t written = ::write(report, &message, sizeof message);
}

[[noreturn]] void fail(int report, const std::string& about, const base::Error& error) {
  const std::string text = about.empty() ? error.message() : about + ": " + error.message();
  tell(report, Report::setup_failed, linux::errno_of(error), text);
  ::_exit(kExitNotStarted);
}

// The last thing before the command: our own descriptors lie above what it may have.
base::Result<void> limit_descriptors(const CommandSpec& spec, std::string& about) {
  if (!spec.descriptors_max) return {};
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  about = fmt::format("{} descriptors (the hard limit here is {})", *spec.descriptors_max,
                      limit.rlim_max);
  limit.rlim_cur = *spec.descriptors_max;
  limit.rlim_max = *spec.descriptors_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return linux::failure(Operation::set_limit, errno);
  }
  about.clear();
  return {};
}

[[noreturn]] void execute(const CommandSpec& spec, int report) {
  if (::chdir(spec.cwd.c_str()) != 0) {
    fail(report, spec.cwd, linux::failure(Operation::change_directory, errno));
  }
  std::vector<char*> argv, environment;
  for (const auto& text : spec.argv) argv.push_back(const_cast<char*>(text.c_str()));
  for (const auto& text : spec.environment) environment.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  environment.push_back(nullptr);
  std::string about;
  if (auto limited = limit_descriptors(spec, about); !limited) {
    fail(report, about, limited.error());
  }
  unblock_signals();
  // execvp looks argv[0] up on the PATH of the environment that is current.
  ::environ = environment.data();
  if (argv[0] == nullptr) {
    errno = EINVAL;
  } else {
    ::execvp(argv[0], argv.data());
  }
  const int error = errno;
  const std::string name = spec.argv.empty() ? std::string("nothing") : spec.argv[0];
  tell(report, Report::exec_failed, error,
       name + ": " + linux::failure(Operation::execute, error).message());
  ::_exit(kExitNotStarted);
}

[[noreturn]] void be_agent(const CommandSpec& spec, int report) {
  const Confinement& confinement = *spec.confined;
  const pid_t command = ::fork();
  if (command < 0) fail(report, "", linux::failure(Operation::clone_process, errno));
  if (command > 0) {
    // The pipes must end with the command and its children.
    if (auto closed = close_all_but({report}); !closed) fail(report, "", closed.error());
    be_init(command, report);
  }
  ::setsid();
  if (auto dropped = linux::drop_privileges(confinement.uid, confinement.gid); !dropped) {
    fail(report, "privileges", dropped.error());
  }
  if (confinement.sandboxed) {
    std::vector<std::string> writable{confinement.folder, "/dev/null", "/dev/zero", "/dev/full",
                                      "/dev/tty"};
    writable.insert(writable.end(), confinement.reports.begin(), confinement.reports.end());
    // A kernel without Landlock leaves the mounts, which are read-only but for the folder.
    if (auto restricted = linux::restrict_writes(writable); !restricted) {
      fail(report, "its files", restricted.error());
    }
    if (auto filtered = linux::refuse_dangerous_calls(); !filtered) {
      fail(report, "its system calls", filtered.error());
    }
  }
  execute(spec, report);
}

[[noreturn]] void be_child(const CommandSpec& spec, const Ends& ends) {
  reset_signal_handlers();
  ::setsid();
  ::umask(022);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::string about;
  UniqueFd report;
  if (auto entered = enter_host(spec.host, about); !entered) {
    fail(ends.report.get(), about, entered.error());
  }
  if (spec.confined) {
    if (auto confined = confine_mounts(*spec.confined, about); !confined) {
      fail(ends.report.get(), about, confined.error());
    }
  }
  if (auto arranged = arrange_descriptors(spec, ends, report, about); !arranged) {
    fail(report ? report.get() : ends.report.get(), about, arranged.error());
  }
  if (spec.confined) be_agent(spec, report.get());
  execute(spec, report.get());
}

// Signals stay blocked from before the clone until the child is ready for them, so that none is
// lost on an init without handlers.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

base::Result<Child> start_child(const CommandSpec& spec) {
  Child child;
  Ends ends;
  auto in = make_stdin(spec.stdin_text);
  if (!in) return in.error();
  ends.in = std::move(*in);
  if (auto made = make_pipe(child.out, ends.out); !made) return made.error();
  if (auto made = make_pipe(child.err, ends.err); !made) return made.error();
  if (auto made = make_pipe(child.report, ends.report); !made) return made.error();

  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWNS | CLONE_PIDFD;
  if (spec.confined) args.flags |= CLONE_NEWPID | CLONE_NEWIPC;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  std::fflush(nullptr);
  const BlockedSignals blocked;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return linux::failure(Operation::clone_process, errno);
  if (pid == 0) be_child(spec, ends);
  child.pid = static_cast<pid_t>(pid);
  child.pidfd.reset(pidfd);
  return child;
}

}  // namespace sallyport::sim::world
