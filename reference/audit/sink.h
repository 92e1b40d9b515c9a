// Where events go. The port that everything else knows is AuditSink; JsonlSink is what serve uses.
#pragma once

#include <cstdint>
#include <utility>

#include "reference/audit/event.h"
#include "reference/audit/json.h"
#include "reference/base/clock.h"
#include "reference/base/log.h"
#include "reference/base/unique_fd.h"

namespace sallyport::audit {

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Never fails and never waits as far as the caller can tell; an event that couldn't be kept is
  // the sink's own trouble.
  virtual void emit(const Event& event) = 0;
};

// Drops everything: where no audit is configured.
class NullSink final : public AuditSink {
 public:
  void emit(const Event&) override {}
};

// JSON lines to a file, a pipe or a SOCK_SEQPACKET socket: exactly one write(2) a line, so lines
// never mix with those of another writer. A line that the descriptor doesn't take at once (a full
// pipe, a closed peer) is dropped whole and counted; the log gets one line when dropping begins
// and one with the count when writing works again. A line of which a part was written is completed
// by the next one's newline: a reader sees one broken line, never two events in one.
class JsonlSink final : public AuditSink {
 public:
  // Sends without SIGPIPE on sockets; for a pipe the process ignores SIGPIPE (main does). Makes
  // the descriptor non-blocking. `clock` and `log` must outlive the sink.
  JsonlSink(base::UniqueFd fd, Origin origin, const base::Clock& clock, base::Log& log);

  void emit(const Event& event) override;
  // Whose proxy_endpoint it is is known only after the listener has its port.
  void set_proxy(Peer proxy) { origin_.proxy = std::move(proxy); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  base::UniqueFd fd_;
  Origin origin_;
  const base::Clock& clock_;
  base::Log& log_;
  bool socket_ = false;
  bool broken_line_ = false;    // the last line was written in part
  std::uint64_t dropping_ = 0;  // since writing last worked
  std::uint64_t dropped_ = 0;
};

}  // namespace sallyport::audit
