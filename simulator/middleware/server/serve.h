// The fake middleware service as a program: listens, answers as its script says, tells what
// happened, and takes faults as lines. gRPC's threads answer; the caller's thread accepts, listens
// to signals and to the harness. Includes no header of gRPC's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference/net/address.h"
#include "simulator/middleware/spec.h"

namespace sallyport::sim::middleware::server {

struct ServeOptions {
  ServiceSpec spec;
  net::Endpoint listen;
  // A SOCK_SEQPACKET socket: events go out on it as JSON, lines of control come in. Its end ends
  // the program. -1: none; then lines of control come from standard input, whose end ends nothing.
  int event_fd = -1;
  int ready_fd = -1;                 // `{"port": N}` and a newline, once it serves; -1: none
  std::vector<std::string> control;  // lines that hold from the start
  // Without event_fd: called with a line for each event; any thread. May be null.
  std::function<void(const std::string& line)> on_line;
};

// Until TERM or INT, when it ends the process with 0; else the exit code, after it has said on
// stderr why it can't serve. Blocks these two signals.
[[nodiscard]] int serve(ServeOptions options);

}  // namespace sallyport::sim::middleware::server
