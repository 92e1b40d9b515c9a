// One accepted connection of a fake upstream: journals what comes in, keeps it in an inbox, and
// lets one coroutine answer while another reads, so that a peer's end is seen at once. Held by the
// coroutines that serve it; `environment` must outlive it. Internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reference/net/event.h"
#include "reference/net/tcp.h"
#include "simulator/journal/event.h"
#include "simulator/providers/environment.h"
#include "simulator/providers/spec.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::providers {

// Who accepts: the name and type of the actor.
struct Actor {
  std::string name;
  std::string type;  // provider, decoy
};

class Connection {
 public:
  Connection(const Environment& environment, Actor actor, std::uint64_t number,
             std::unique_ptr<net::TcpStream> stream);

  // Journals `connection`.
  void note_accepted();
  // Journals an event of this connection; its step is that of the request under way, else of the
  // last octets.
  void note(std::string kind, journal::Fields fields);

  // As a TLS server; journals `handshake`, or `closed` when it fails.
  [[nodiscard]] net::Task<bool> secure(std::shared_ptr<wire::TlsContext> context);
  // Reads until the peer's end; journals `bytes` and that end. With `quiet`, no `bytes`.
  [[nodiscard]] net::Task<void> read_until_end(bool quiet);

  [[nodiscard]] std::string& inbox() { return inbox_; }
  [[nodiscard]] bool peer_ended() const { return peer_ended_; }  // FIN, or worse
  [[nodiscard]] bool broken() const { return broken_; }          // nothing can be written any more
  void set_step(std::string step) { step_ = std::move(step); }
  [[nodiscard]] const std::string& step() const { return step_; }
  [[nodiscard]] const std::string& id() const { return id_; }  // ACTOR#N

  // Until octets or an end come, or something else is worth another look.
  [[nodiscard]] net::Task<void> changed();
  // False when the connection broke meanwhile.
  [[nodiscard]] net::Task<bool> pause(base::Duration duration);  // scaled by environment.slow
  [[nodiscard]] net::Task<bool> hold(journal::Selector until);
  // All octets, handed to the kernel in one write where it takes them.
  [[nodiscard]] net::Task<bool> send(std::string_view bytes);
  // Until the peer has read as far as its kernel acknowledges; bounded.
  [[nodiscard]] net::Task<void> settle();

  // Journals `cut` and ends early; `clean` only journals. After `fin` and `stall` the connection
  // lasts until the peer ends it.
  [[nodiscard]] net::Task<void> cut(CutHow how);
  void half_close();
  void reset();
  void close();

 private:
  void note_closed(const std::string& how);

  const Environment& environment_;
  Actor actor_;
  std::string id_;
  std::unique_ptr<net::ByteStream> stream_;
  net::TcpStream* tcp_;             // below stream_
  wire::TlsStream* tls_ = nullptr;  // stream_, if it is that
  std::string from_;
  std::string to_;
  std::string step_;
  std::string inbox_;
  net::Event changed_;
  bool peer_ended_ = false;
  bool broken_ = false;
  bool closed_noted_ = false;
};

[[nodiscard]] std::string_view to_string(CutHow how);

}  // namespace sallyport::sim::providers
