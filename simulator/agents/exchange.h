// One exchange of the built-in client, phase by phase: resolve, connect, tunnel, tls, request,
// head, body. Collects what was seen and journals what comes in; knows nothing of expectations.
// Internal to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/agents/client.h"
#include "simulator/agents/request_text.h"
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
  std::string bound_to;  // way and destination; only the same ones may reuse it
  std::string early;     // octets that came before they were asked for
  int http_connect = 0;  // of its tunnel
  std::optional<int> tls_verify;
  net::Endpoint peer;
};

class Exchange {
 public:
  Exchange(RequestSpec spec, ClientContext& context);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] net::Task<Seen> run();

 private:
  // Each phase is false when the exchange has ended in it.
  [[nodiscard]] net::Task<bool> open();
  [[nodiscard]] net::Task<bool> resolve(std::vector<net::Endpoint>& to);
  [[nodiscard]] net::Task<bool> connect(const std::vector<net::Endpoint>& to);
  [[nodiscard]] net::Task<bool> tunnel();
  [[nodiscard]] net::Task<bool> secure();
  [[nodiscard]] net::Task<bool> send_request(const RequestText& text, wire::HttpReader& reader);
  [[nodiscard]] net::Task<void> read_answer(wire::HttpReader& reader);

  // Sends; false when it can't. Then an answer may still be there to be read.
  [[nodiscard]] net::Task<bool> send(std::string_view bytes);
  // Takes what comes next into the reader; false at an end, an error or the deadline.
  [[nodiscard]] net::Task<bool> take(wire::HttpReader& reader);
  void took(wire::HttpReader& reader, std::string_view bytes);
  void look_at_answer(const wire::HttpReader& reader);
  void look_at_events(const wire::HttpReader& reader);
  void judge_answer(const wire::HttpReader& reader);
  void ended(const base::Error& error);
  bool reuse();
  void keep_or_close(const wire::HttpReader& reader);
  void note_answerer();
  [[nodiscard]] std::string provider_that_answered() const;
  void note(std::string kind, Facts fields);
  void on_event();
  void abort_now();
  [[nodiscard]] bool uses_connect() const;
  [[nodiscard]] bool absolute() const;
  [[nodiscard]] std::string binding() const;

  RequestSpec spec_;
  ClientContext& context_;
  Url url_;
  base::TimePoint deadline_;
  std::uint64_t first_event_ = 0;  // of the journal, that this exchange may have caused
  std::unique_ptr<ClientConnection> connection_;
  std::optional<journal::Watch> abort_;
  std::uint64_t subscription_ = 0;
  Seen seen_;
  wire::SseReader sse_;
  std::size_t sse_fed_ = 0;  // octets of the body that the reader of events has had
  bool is_sse_ = false;
  bool refused_tunnel_ = false;
  std::optional<base::TimePoint> last_byte_;
};

}  // namespace sallyport::sim::agents
