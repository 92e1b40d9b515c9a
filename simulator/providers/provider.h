// One fake upstream on the world's loop: listens, journals every octet, request and answer as
// section 9 of the scenario reference lists them, and answers by its routes or its dialect. The
// world owns it; destruction resets what is open. Single-threaded.
#pragma once

#include <memory>
#include <string>

#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "simulator/providers/environment.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

class Provider {
 public:
  // `listening`: a TCP socket made in the provider's host, bound and listening, non-blocking.
  Provider(ProviderSpec spec, Environment environment, base::UniqueFd listening);
  ~Provider();
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  // Begins to accept. Events: connection, handshake, bytes, request, response, sse, cut, closed.
  void start();
  // Accepts no more and resets what is open. Idempotent.
  void stop();

  [[nodiscard]] const ProviderSpec& spec() const;
  // Where it listens, with the port that the kernel gave.
  [[nodiscard]] net::Endpoint endpoint() const;
  [[nodiscard]] std::size_t open_connections() const;

  // Which credentials (by name) get an answer instead of 401. Initially the first of spec.keys.
  void accept_key(const std::string& name);
  void refuse_key(const std::string& name);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::providers
