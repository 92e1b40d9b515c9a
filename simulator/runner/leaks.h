// The leak rule: what processes of ours hold once the steps are done and all their peers have gone,
// beyond what they held when they had become ready; and what lies about in the world's folders when
// all processes have ended. The comparison is pure; who looks is pid 1 of the world, on its loop.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"

namespace sallyport::sim::runner {

class Stage;

// A TCP socket. An end that it has not (a listener's, or after a reset, its peer's) is 0.0.0.0:0.
struct TcpSocket {
  net::Endpoint local, remote;
  int state = 0;  // TCP_ESTABLISHED ...
};

// What a process holds.
struct Holdings {
  int pid = -1;
  std::vector<std::string> descriptors;      // their targets: `socket:[17]`, `/run/x` ...
  std::map<std::string, TcpSocket> sockets;  // by target, those of TCP
  std::size_t threads = 0;
  std::vector<std::string> children;  // command lines of its descendants
};

// The rules of what may be kept.
struct Keeping {
  std::set<std::uint16_t> peers;  // ports of the gateway, services and what faults hold back
  std::uint16_t own = 0;          // its own port, if those who connect there stay connected
  // Threads and descriptors without a name (event queues, timers) that may be added: gRPC makes
  // them when it needs them.
  std::size_t threads = 0, unnamed = 0;
};

// What `now` has and `before` had not, in words; empty: nothing. Pure.
[[nodiscard]] std::vector<std::string> leaked(const Holdings& before, const Holdings& now,
                                              const Keeping& keeping);

// What the socket behind descriptor `fd` of a process is, if it is one of TCP. Asked at a copy of
// the descriptor, since /proc/PID/net/tcp costs a walk through the kernel's whole table. `process`:
// a pidfd; nothing where it may not be looked into.
[[nodiscard]] std::optional<TcpSocket> tcp_socket_of(int process, int fd);

// Notes what `actor` holds; to be called whenever it has become ready.
void note_holdings(Stage& stage, const std::string& actor);
// After the last step, when all clients have closed and providers have stopped: what actors still
// hold. Waits until `deadline` for sockets to end.
[[nodiscard]] net::Task<std::vector<std::string>> held_leaks(Stage& stage,
                                                             base::TimePoint deadline);

// What lies in the folders that are fresh in each world, but for `except` and what is below it.
[[nodiscard]] std::set<std::string> loose_files(const std::string& except);

// The machine's mounts, links and namespaces, as its own processes see them: no run changes them.
[[nodiscard]] std::string machine_state();

}  // namespace sallyport::sim::runner
