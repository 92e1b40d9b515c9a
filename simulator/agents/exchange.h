// What every exchange of the built-in client has in common: the way to the peer, phase by phase
// (resolve, connect, tunnel, tls), its bytes and their times, and the answers that are seen and
// journaled. Knows nothing of expectations. What is sent, and when it is over, is its heirs':
// a request, a raw script, a WebSocket. Internal to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/agents/client.h"
#include "simulator/agents/seen.h"
#include "simulator/agents/url.h"
#include "simulator/journal/watch.h"
#include "simulator/wire/sse_reader.h"

namespace sallyport::sim::agents {

// A client connection: what carries its bytes and what it is bound to. Reset when destroyed.
struct ClientConnection {
  ClientConnection() = default;
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  std::unique_ptr<net::ByteStream> stream;
  std::string id;        // STEP#N
  std::string bound_to;  // way and destination; only the same ones may reuse it
  std::string early;     // octets that came before they were asked for
  int http_connect = 0;  // of its tunnel
  std::optional<int> tls_verify;
  net::Endpoint peer;
};

// Where an exchange goes, and how.
struct Target {
  std::string url;
  Adapter adapter = Adapter::automatic;
  ClientTls tls;
  std::optional<journal::Selector> abort;
};

class Exchange {
 public:
  Exchange(Target target, ClientContext& context);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

 protected:
  // The URL can be read, and nothing has aborted this yet.
  [[nodiscard]] bool may_begin() const { return url_.has_value() && !seen_.raw.aborted; }
  // A connection to the peer, through the way and TLS that the target implies; false when the
  // exchange has ended before it stood.
  [[nodiscard]] net::Task<bool> open();
  [[nodiscard]] bool uses_connect() const;
  // The peer is the `via` itself: targets are whole URLs.
  [[nodiscard]] bool absolute() const;
  [[nodiscard]] std::string binding() const;

  // Sends; false when it can't. Then an answer may still be there to be read.
  [[nodiscard]] net::Task<bool> send(std::string_view bytes);
  // What comes next; empty at an end, an error or the deadline.
  [[nodiscard]] net::Task<std::string> receive();
  // The same into the reader, its end too; false when nothing came.
  [[nodiscard]] net::Task<bool> take(wire::HttpReader& reader);
  // Octets that have come: their time.
  void took(std::string_view bytes);
  void ended(const base::Error& error);

  // Notes the head of an answer as soon as it is whole, and its events as they come.
  void look_at_answer(const wire::HttpReader& reader);
  // What an answer is when no more comes of it.
  void judge_answer(const wire::HttpReader& reader);
  // Forgets the answer that was seen: the next is another.
  void next_answer();
  // The facts that hold at the end.
  [[nodiscard]] Seen finish();
  void note(std::string kind, Facts fields);

  Target target_;
  ClientContext& context_;
  std::optional<Url> url_;
  base::TimePoint deadline_;
  std::unique_ptr<ClientConnection> connection_;
  Seen seen_;
  bool ended_cleanly_ = false;  // a FIN, under TLS after a close_notify
  bool closed_here_ = false;    // what the stream says from now on is our own doing

 private:
  [[nodiscard]] net::Task<bool> resolve(std::vector<net::Endpoint>& to);
  [[nodiscard]] net::Task<bool> connect(const std::vector<net::Endpoint>& to);
  [[nodiscard]] net::Task<bool> tunnel();
  [[nodiscard]] net::Task<bool> secure();
  void look_at_events(const wire::HttpReader& reader);
  void note_answerer();
  [[nodiscard]] std::string provider_that_answered() const;
  void on_event();
  void abort_now();

  std::uint64_t first_event_ = 0;  // of the journal, that this exchange may have caused
  std::optional<journal::Watch> abort_;
  std::uint64_t subscription_ = 0;
  wire::SseReader sse_;
  std::size_t sse_fed_ = 0;  // octets of the body that the reader of events has had
  bool is_sse_ = false;
  bool answer_noted_ = false;
  bool refused_tunnel_ = false;
  std::optional<base::TimePoint> last_byte_;
};

}  // namespace sallyport::sim::agents
