// One accepted connection of a fake upstream: journals what comes in, keeps it in an inbox, and
// lets one coroutine answer while another reads, so that a peer's end is seen at once. Held by the
// coroutines that serve it; `environment` must outlive it. Internal to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reference/net/event.h"
#include "reference/net/tcp.h"
#include "simulator/journal/event.h"
#include "simulator/journal/watch.h"
#include "simulator/providers/environment.h"
#include "simulator/providers/gate.h"
#include "simulator/providers/spec.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::providers {

// Who accepts: the name and type of the actor.
struct Actor {
  std::string name;
  std::string type;  // provider, decoy
};

// How many octets wait to be looked at before no more are taken off the kernel.
inline constexpr std::size_t kInboxMax = 64U << 20U;

class Connection {
 public:
  Connection(const Environment& environment, Actor actor, std::uint64_t number,
             std::unique_ptr<net::TcpStream> stream, std::shared_ptr<Gate> gate);

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
  // All of it; the reader goes on if it was full.
  [[nodiscard]] std::string take_inbox();
  void set_inbox_max(std::size_t octets) { inbox_max_ = octets; }
  [[nodiscard]] bool peer_ended() const { return peer_ended_; }  // FIN, or worse
  [[nodiscard]] bool broken() const { return broken_; }          // nothing can be written any more
  void set_step(std::string step) { step_ = std::move(step); }
  [[nodiscard]] const std::string& step() const { return step_; }
  [[nodiscard]] const std::string& id() const { return id_; }  // ACTOR#N

  // Until octets or an end come, or something else is worth another look.
  [[nodiscard]] net::Task<void> changed();
  void wake() { changed_.notify(); }
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
  // As the kernel ends it when a process exits: no farewell of TLS, nothing waited for.
  void end();
  // The code of the close frame that ended it, for `closed`.
  void set_close_code(std::uint16_t code) { close_code_ = code; }

  [[nodiscard]] const Environment& environment() const { return environment_; }

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
  std::size_t inbox_max_ = kInboxMax;
  std::optional<std::uint16_t> close_code_;
  std::shared_ptr<Gate> gate_;
  net::Event changed_;
  bool peer_ended_ = false;
  bool broken_ = false;
  bool closed_noted_ = false;
};

// Looks out for an event while it lives, and wakes the connection when it happens. Both must
// outlive it.
class Lookout {
 public:
  Lookout(Connection& connection, journal::Selector until);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  [[nodiscard]] bool happened() { return watch_.happened(); }

 private:
  journal::Journal& journal_;
  journal::Watch watch_;
  std::uint64_t subscription_;
};

[[nodiscard]] std::string_view to_string(CutHow how);

}  // namespace sallyport::sim::providers
