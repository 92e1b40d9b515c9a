// One fake upstream on the world's loop: listens, journals every octet, request and answer as
// section 9 of the scenario reference lists them, and answers by its routes or its dialect. The
// world owns it; destruction resets what is open. Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reference/base/clock.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "simulator/providers/environment.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

class Provider {
 public:
  // `listening`: a TCP socket made in the provider's host, bound and listening, non-blocking; or
  // none, for one that is down until start_listening(): its endpoint is then what the spec says.
  Provider(ProviderSpec spec, Environment environment, base::UniqueFd listening);
  ~Provider();
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  // Begins to accept, if it has a socket. Events: connection, handshake, bytes, request, response,
  // sse, upgrade, message, cut, closed.
  void start();
  // Accepts no more and resets what is open. Idempotent.
  void stop();

  [[nodiscard]] const ProviderSpec& spec() const;
  // Where it listens, or would, with the port that the kernel gave.
  [[nodiscard]] net::Endpoint endpoint() const;
  [[nodiscard]] std::size_t open_connections() const;

  // Which credentials (by name) get an answer instead of 401: initially the first of spec.keys,
  // and a newly accepted one beside those that are accepted already. In force for every request
  // whose head and body have not been read completely yet; answers under way go on.
  void accept(const std::string& key);
  void revoke(const std::string& key);

  // One exchange that a delay held back: the step that caused it, and the provider's connection.
  using OnDelayed = std::function<void(const std::string& step, const std::string& connection)>;
  // From now on every answer's head comes so much later, on top of what the scenario says; answers
  // under way go on as they began. Zero lifts it. `on_delayed` (may be null) is called once for
  // each exchange, when its wait begins.
  void set_delay(base::Duration delay, OnDelayed on_delayed = nullptr);

  // Resets what is open, and goes on accepting.
  void reset_open();

  // A provider has no process of its own, and is stopped, started and frozen in place, as the
  // kernel would do it with a process's sockets. Stopping closes the listener and ends what is open
  // with a FIN, or an RST where octets weren't read; the names, keys and turns of routes stay.
  void stop_listening();
  // On a socket as the constructor's, which a step made at the same endpoint. CHECKs that it
  // doesn't listen.
  void start_listening(base::UniqueFd listening);
  [[nodiscard]] bool listens() const;
  // From now on it accepts nothing, takes no octets and sends none; the kernel goes on for it. What
  // came meanwhile is met at thaw().
  void freeze();
  void thaw();

  // What it is from now on: routes, sse, models, dialect, names (those of its certificate too). In
  // force for every request that is read from now on. Routes that are written as they were keep
  // their turn. Keys that are accepted stay so; `keys`: the values of all it has by now.
  void apply(ProviderSpec spec, std::map<std::string, std::string> keys);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::sim::providers
