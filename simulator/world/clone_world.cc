#include "simulator/world/clone_world.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

#include "reference/linux/error.h"
#include "simulator/world/child.h"
#include "simulator/world/lifeline.h"

namespace sallyport::sim::world {
namespace {

using base::UniqueFd;
using linux::Operation;

constexpr int kExitError = 4;
// As many ids as a world maps where it may.
constexpr unsigned kIds = 65536;

struct Pipes {
  UniqueFd lifeline_read, lifeline_write, channel_here, channel_there;
};

base::Result<Pipes> make_pipes() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return linux::failure(Operation::make_pipe, errno);
  Pipes pipes;
  pipes.lifeline_read.reset(ends[0]);
  pipes.lifeline_write.reset(ends[1]);
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return linux::failure(Operation::make_pipe, errno);
  }
  pipes.channel_here.reset(ends[0]);
  pipes.channel_there.reset(ends[1]);
  return pipes;
}

int write_file(const std::string& path, const std::string& text) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

// Root maps as many ids onto themselves as he has himself, at most 0-65535; anyone else only
// himself, as root. `ids` tells which of the two it became.
base::Result<void> map_ids(pid_t pid, bool& ids) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/";
  ids = false;
  if (::geteuid() == 0) {
    // A container's root may have fewer ids than the machine's: half as many until they fit.
    for (unsigned count = kIds; count > 1 && !ids; count /= 2) {
      const std::string line = "0 0 " + std::to_string(count);
      if (write_file(folder + "uid_map", line) != 0) continue;
      if (const int error = write_file(folder + "gid_map", line); error != 0) {
        return linux::failure(Operation::map_ids, error);
      }
      ids = true;
    }
    if (ids) return {};
  }
  const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
  const std::string group = "0 " + std::to_string(::getegid()) + " 1";
  int error = write_file(folder + "setgroups", "deny");
  if (error == 0) error = write_file(folder + "uid_map", user);
  if (error == 0) error = write_file(folder + "gid_map", group);
  if (error != 0) return linux::failure(Operation::map_ids, error);
  return {};
}

// The scheduler's one byte: ids are mapped. Its absence: it is gone, or gave up.
std::optional<bool> await_release(int lifeline) {
  char ids = 0;
  ssize_t size = 0;
  do {
    size = ::read(lifeline, &ids, 1);
  } while (size < 0 && errno == EINTR);
  if (size != 1) return std::nullopt;
  return ids == 'i';
}

void tell(const WorldPlan& plan, CreationStep step) {
  if (plan.on_step) plan.on_step(step);
}

base::Result<void> set_up(const WorldPlan& plan, WorldContext& context, std::string& about) {
  std::vector<int> keep = plan.keep;
  keep.insert(keep.end(), {0, 1, 2, context.lifeline.get(), context.channel.get()});
  if (auto closed = close_all_but(std::move(keep)); !closed) return closed;
  // What the scheduler's handlers would write to is closed now.
  reset_signal_handlers();
  unblock_signals();
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return linux::failure(Operation::set_death_signal, errno);
  }
  tell(plan, CreationStep::child_started);
  const auto ids = await_release(context.lifeline.get());
  if (!ids) ::_exit(kExitError);
  context.ids = *ids;
  tell(plan, CreationStep::child_released);
  about = plan.host_name;
  if (::sethostname(plan.host_name.data(), plan.host_name.size()) != 0) {
    return linux::failure(Operation::set_host_name, errno);
  }
  return set_up_file_system(plan.files, about);
}

int run_child(const WorldPlan& plan, const WorldBody& body, const WorldFailure& failed,
              WorldContext& context) {
  std::string about;
  if (auto ready = set_up(plan, context, about); !ready) {
    const std::string what =
        about.empty() ? ready.error().message() : about + ": " + ready.error().message();
    return failed(context, what);
  }
  tell(plan, CreationStep::files_set_up);
  // The death signal can't tell of a scheduler that died before it was set.
  if (lifeline_cut(context.lifeline.get())) return kExitError;
  tell(plan, CreationStep::body_starts);
  return body(context);
}

[[noreturn]] void be_child(const WorldPlan& plan, const WorldBody& body, const WorldFailure& failed,
                           Pipes pipes) {
  WorldContext context;
  // The write end must be closed here, or the world would keep its own lifeline alive; what other
  // worlds' ends were inherited is closed with all the rest.
  pipes.lifeline_write.reset();
  pipes.channel_here.reset();
  context.lifeline = std::move(pipes.lifeline_read);
  context.channel = std::move(pipes.channel_there);
  int code = kExitError;
  try {
    code = run_child(plan, body, failed, context);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error world: %s\n", error.what());
  }
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

base::Result<WorldHandle> clone_world(const WorldPlan& plan, const WorldBody& body,
                                      const WorldFailure& failed) {
  auto pipes = make_pipes();
  if (!pipes) return pipes.error();
  tell(plan, CreationStep::pipes_made);
  std::fflush(nullptr);
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
               CLONE_NEWUTS | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return linux::failure(Operation::clone_process, errno);
  if (pid == 0) be_child(plan, body, failed, std::move(*pipes));

  WorldHandle world;
  world.pid = static_cast<pid_t>(pid);
  world.pidfd.reset(pidfd);
  world.lifeline = std::move(pipes->lifeline_write);
  world.channel = std::move(pipes->channel_here);
  tell(plan, CreationStep::cloned);
  auto mapped = map_ids(world.pid, world.ids);
  if (mapped) {
    tell(plan, CreationStep::ids_mapped);
    const char go = world.ids ? 'i' : 'o';
    if (::write(world.lifeline.get(), &go, 1) != 1) {
      mapped = linux::failure(Operation::map_ids, EPIPE);
    }
  }
  if (!mapped) {
    // Its lifeline goes with the handle; reaped here, since nobody will know of it.
    world.lifeline.reset();
    ::kill(world.pid, SIGKILL);
    ::waitpid(world.pid, nullptr, 0);
    return mapped.error();
  }
  tell(plan, CreationStep::released);
  return world;
}

}  // namespace sallyport::sim::world
