// Where the service tells what happens, and which connection a call came on. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "reference/net/address.h"
#include "simulator/middleware/server/events.h"
#include "simulator/middleware/server/serve.h"

namespace sallyport::sim::middleware::server {

// Events out. Blocks while the harness is behind: nothing is lost.
class Teller {
 public:
  // `options` must outlive it.
  explicit Teller(const ServeOptions& options) : fd_(options.event_fd), options_(options) {}
  void tell(Told told);

 private:
  [[nodiscard]] bool send(const Told& told) const;
  int fd_;
  const ServeOptions& options_;
};

// gRPC names a call's connection by its peer.
class Connections {
 public:
  struct Known {
    std::uint64_t number = 0;  // from 1; 0: not known
    std::string peer;          // ADDRESS:PORT
  };
  Known add(const net::Endpoint& peer);
  [[nodiscard]] Known find(const std::string& name) const;  // `ipv4:127.0.0.1:40000`

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;             // guarded by mutex_
  std::map<std::string, Known> known_;  // guarded by mutex_; a port used again replaces the old
};

}  // namespace sallyport::sim::middleware::server
