// A listener that nothing may ever reach: journals each connection and what it sent, and answers
// so that a leak shows at the client too (`200`, body `decoy NAME`). World-owned, single-threaded.
#pragma once

#include <memory>

#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "simulator/providers/environment.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

class Decoy {
 public:
  // As Provider's.
  Decoy(DecoySpec spec, Environment environment, base::UniqueFd listening);
  ~Decoy();
  Decoy(const Decoy&) = delete;
  Decoy& operator=(const Decoy&) = delete;

  void start();
  void stop();
  [[nodiscard]] net::Endpoint endpoint() const;

  // In place, as Provider's.
  void stop_listening();
  void start_listening(base::UniqueFd listening);
  [[nodiscard]] bool listens() const;
  void freeze();
  void thaw();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::providers
