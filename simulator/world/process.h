// Real commands in a host of the world: the subject, services, agents. Each gets its host's network
// namespace and a mount namespace in which that host's resolv.conf, hosts and nsswitch.conf are the
// ones in /etc. Agents are confined besides. Lives on the world's loop, single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/result.h"
#include "reference/net/executor.h"

namespace sallyport::sim::world {

// Where a command runs. Paths of files in the run's folder; empty: as the machine has it.
struct HostView {
  int net_namespace = -1;  // -1: the world's own
  std::string resolv_conf;
  std::string hosts;
  std::string nsswitch;
};

// An agent: pid and ipc namespace of its own under a tiny init, its own /proc, every mount
// read-only but `folder`, no capability, no_new_privs.
struct Confinement {
  uid_t uid = 0;  // 0 where no other id is mapped
  gid_t gid = 0;
  std::string folder;                // exists; owned by uid (own_folder() makes it)
  std::vector<std::string> hidden;   // folders that it finds empty (the run's folder ...)
  std::vector<std::string> visible;  // files and folders below hidden ones that it may read
  // As a supervisor confines its workload: besides, writes go nowhere but to `folder`, `reports`
  // and harmless devices (Landlock, where the kernel has it), and calls that reach for other
  // processes, the kernel or raw sockets are refused (seccomp).
  bool sandboxed = false;
  std::vector<std::string> reports;  // files (pipes) that it may write to nevertheless
};

struct CommandSpec {
  std::vector<std::string> argv;         // argv[0] with a slash, or found on `environment`'s PATH
  std::vector<std::string> environment;  // complete, NAME=VALUE
  std::string cwd = "/";
  std::string stdin_text;  // then EOF
  HostView host;
  std::vector<std::pair<int, int>> descriptors;  // ours -> the child's number (3 and up)
  std::optional<Confinement> confined;           // an agent; none: world root in the world's pids
  // Most descriptors that it may have open (RLIMIT_NOFILE); none: as its parent.
  std::optional<std::uint64_t> descriptors_max;
  std::uint64_t output_bytes_max =
      1024 * 1024;  // kept of each stream; the rest is read and dropped
  // Called with each piece as it arrives; 1 is stdout, 2 stderr. May be null.
  std::function<void(int stream, std::string_view bytes)> on_output;
};

// A variable for programs of ours: in a sanitizer build the search for leaks at a program's end
// stops it by ptrace, and in a world that now and then never ends (one of thirty with gRPC's
// threads, one of some hundreds without). Unit and program tests search for leaks.
inline constexpr const char* kNoLeakSearch = "ASAN_OPTIONS=detect_leaks=0";

// How a command ended.
struct Exit {
  enum class Kind {
    exited,        // value: exit code
    signalled,     // value: signal
    exec_failed,   // never ran; value: errno of exec (ENOENT ...)
    setup_failed,  // never ran: its surroundings couldn't be made; value: errno; ours
  };
  Kind kind = Kind::exited;
  int value = 0;
  std::string detail;  // `execute curl: No such file or directory (ENOENT)`; empty when it ran
};

// Of a wait that was given up: the process hasn't ended.
[[nodiscard]] bool is_cancelled(const Exit& end);
// Whether `end` is what who sent `signals` asked for: exit code 0 or one of them; after another one
// than TERM and INT any exit code. Never when none was sent.
[[nodiscard]] bool is_asked_end(const Exit& end, const std::vector<int>& signals);

class Process {
 public:
  ~Process();  // kills what still runs, and reaps it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const;  // in the world's pid namespace; an agent's: its init's
  // Set once the end was seen by wait() or poll().
  [[nodiscard]] const std::optional<Exit>& exit() const;
  // Looks without waiting.
  const std::optional<Exit>& poll();
  // Until it ended; all that it wrote before is in out() and err() then. Any number of waiters.
  // Without a bound of its own: who wants one kills.
  [[nodiscard]] net::Task<Exit> wait();

  // What was kept; whether anything was dropped.
  // Reads what is there by now, ahead of the loop.
  void take_output();
  [[nodiscard]] const std::string& out() const;
  [[nodiscard]] const std::string& err() const;
  [[nodiscard]] bool output_dropped() const;

  // To the command's whole process group; an agent's init passes it on to its command. After
  // SIGSTOP the command's first process stands, with all its threads.
  void signal(int number);
  // SIGKILL to all of it: the process group, or the agent's whole pid namespace.
  void kill();

  class Impl;
  explicit Process(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;
};

// Starts it. What goes wrong after the clone is an Exit (exec_failed, setup_failed), not an error.
[[nodiscard]] base::Result<std::unique_ptr<Process>> spawn(net::Executor executor,
                                                           CommandSpec spec);

// Makes (mkdir -p) a folder that belongs to uid and gid, 0700.
[[nodiscard]] base::Result<void> own_folder(const std::string& path, uid_t uid, gid_t gid);

struct RunningProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string command;  // of /proc/PID/cmdline, blanks between; `[comm]` when empty
};

// All of the caller's pid namespace but itself and zombies, after reaping orphans that ended (`own`
// are the pids that somebody waits for). For pid 1 of a world.
[[nodiscard]] std::vector<RunningProcess> running_processes(const std::vector<pid_t>& own = {});

}  // namespace sallyport::sim::world
