// A program of ours as a process of the world: the subject, the gateway. It is started with a pipe
// on which it says that it is ready and a socket on which it tells its events, is stopped by a
// signal and may be started again. Lives on the world's loop; journals `exit` of its own name.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/executor.h"
#include "simulator/journal/event.h"
#include "simulator/world/process.h"

namespace sallyport::net {
class Clock;
class Deadlines;
}  // namespace sallyport::net
namespace sallyport::sim::journal {
class Journal;
}

namespace sallyport::sim::subject {

// How a start ended, if not well.
struct StartFailure {
  std::string what;
};

// What a daemon is started with besides its command: the numbers of its descriptors.
inline constexpr int kReadyFd = 10;
inline constexpr int kMessagesFd = 11;
inline constexpr int kSpareFd = 12;  // the first that is free for others

// What its starts have besides their command; the same for each.
struct LaunchOptions {
  std::vector<std::string> environment;          // NAME=VALUE, before the command's own
  std::optional<std::uint64_t> descriptors_max;  // most that it may have open
};

class Daemon {
 public:
  // Called for each message of the socket, a final newline cut off.
  using OnMessage = std::function<void(const std::string& message)>;

  // `type` is the source_type of its events.
  Daemon(std::string name, std::string type, net::Executor executor, net::Deadlines& deadlines,
         journal::Journal& journal, OnMessage on_message);
  ~Daemon();  // kills what still runs
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Holds from the next start on.
  void set_launch(LaunchOptions options);
  // Starts `command`, with the two descriptors added. It must not be running.
  [[nodiscard]] std::optional<StartFailure> launch(world::CommandSpec command);
  // As if the process had said so: for one that can't, and is seen to be ready. Once a run.
  void say_ready(const std::string& line);
  // The line that it said when it was ready; a failure when it ended before, or at `deadline`: it
  // is killed then.
  struct Ready {
    std::string line;
    std::optional<StartFailure> failure;
  };
  [[nodiscard]] net::Task<Ready> wait_ready(base::TimePoint deadline);

  // Hands over at once every message that it has sent so far.
  void drain();
  // Sends `signal`, waking it if it was frozen, and waits for its end; false when it hadn't ended
  // by `deadline`. True at once when it isn't running.
  [[nodiscard]] net::Task<bool> stop(int signal, base::TimePoint deadline);
  // As stop() with TERM, killing it at `deadline`.
  [[nodiscard]] net::Task<bool> end(base::TimePoint deadline);
  // To its process group; nothing when it isn't running.
  void signal(int number);
  void freeze();
  void thaw();

  void note(std::string kind, journal::Fields fields, std::string step = {});

  [[nodiscard]] bool running() const;
  // Whether it runs and has said that it is ready.
  [[nodiscard]] bool ready() const;
  // Of the last run; none before it ended.
  [[nodiscard]] const std::optional<world::Exit>& exit() const;
  // How the first run ended that ended as nobody had asked for (world::is_asked_end), after it was
  // ready; none when all are well.
  [[nodiscard]] std::optional<world::Exit> crash() const;
  [[nodiscard]] pid_t pid() const;  // of the last run; -1 before the first
  // Everything that all its runs wrote to stdout and stderr so far.
  [[nodiscard]] std::string output() const;
  // Of the last run.
  [[nodiscard]] std::string last_output() const;
  // The last lines of the last run's stderr, at most `lines`.
  [[nodiscard]] std::string error_tail(std::size_t lines) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// What programs of ours are started with, besides their own variables.
[[nodiscard]] std::vector<std::string> plain_environment();

// Writes a file whole; false when it can't.
[[nodiscard]] bool write_file(const std::string& path, const std::string& text);
// One that only its owner may read.
[[nodiscard]] bool write_private_file(const std::string& path, const std::string& text);
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace sallyport::sim::subject
