// gRPC's server as the program's own thread has it: connections go in, calls are answered on
// gRPC's threads. Includes no header of gRPC's. One thread, but for what it is given.
#pragma once

#include <memory>
#include <string>

#include "reference/base/unique_fd.h"
#include "simulator/middleware/server/answers.h"
#include "simulator/middleware/server/teller.h"

namespace sallyport::sim::middleware::server {

class Hosting {
 public:
  // What it is given outlives it. Null when gRPC can't serve: no certificate and key, say.
  [[nodiscard]] static std::unique_ptr<Hosting> start(const ServiceSpec& spec,
                                                      const Connections& connections,
                                                      const Answers& answers, Teller& teller);
  ~Hosting();
  Hosting(const Hosting&) = delete;
  Hosting& operator=(const Hosting&) = delete;

  void take(base::UniqueFd socket, int listener);

  // Calls that are under way may finish for a moment; then they are cancelled. May leave gRPC with
  // some of them: the process is to exit as it is.
  void end();

  // Readable when connections are to be sent away (`goaway`); then send_away() is due.
  [[nodiscard]] int due_fd() const;
  void send_away();

 private:
  class Impl;
  explicit Hosting(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::middleware::server
