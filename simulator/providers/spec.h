// What a scenario says about fake upstreams, as values. The loader fills them; providers act on
// them. Texts may hold variables: $(request.*) until a request is answered, others until the world
// stands.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"
#include "reference/net/address.h"
#include "simulator/journal/query.h"
#include "simulator/wire/moves.h"

namespace sallyport::sim::providers {

// How a body or a connection ends early.
enum class CutHow { reset, fin, clean, stall };

struct SseSpec {
  std::uint64_t events = 8;        // number of generated events, unless `texts`
  std::vector<std::string> texts;  // the data of each event; empty: generated
  base::Duration first_after{0};
  base::Duration every{0};
  bool terminal = true;  // adds the dialect's last event ([DONE])
  struct Hold {
    std::uint64_t event = 0;  // before this event, from 1
    journal::Selector until;
  };
  std::optional<Hold> hold;
  struct Cut {
    std::uint64_t event = 0;   // from 1
    std::uint64_t offset = 0;  // octets into it
    CutHow how = CutHow::reset;
  };
  std::optional<Cut> cut;
};

using wire::Move;

struct Answer {
  enum class Framing { length, chunked, close };
  enum class Encoding { identity, gzip, br, zstd };
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;    // text
  std::optional<std::string> json;    // JSON text
  std::optional<std::uint64_t> size;  // octets of filler
  std::optional<SseSpec> sse;
  // Answers 101 and acts on the moves; what stands before the first that waits leaves in one write
  // with the head. Without an upgrade in the request: 426.
  std::optional<std::vector<wire::WebSocketMove>> websocket;
  std::optional<std::vector<Move>> raw;
  std::optional<Framing> framing;          // default: length; chunked with sse
  Encoding encoding = Encoding::identity;  // of the body; each event of a stream is flushed
  base::Duration delay{0};
  std::optional<journal::Selector> hold;  // no head before that event
  struct Cut {
    std::uint64_t offset = 0;  // octets into the body
    CutHow how = CutHow::reset;
  };
  std::optional<Cut> cut;
  base::Mark mark;
};

struct RouteSpec {
  std::string method;           // `*` for any
  std::string path;             // `*` within a segment, `**` across
  std::vector<Answer> answers;  // one per request, then the last again
};

enum class Dialect { openai, anthropic, ollama, plain, proxy };
enum class TlsKind {
  none,
  valid,
  expired,
  not_yet_valid,
  wrong_name,
  unknown_issuer,
  self_signed,
  stall
};

struct ProviderSpec {
  std::string name;
  std::string host = "box";
  net::Endpoint listen;            // port 0: a free one
  bool up = true;                  // `initially`
  std::vector<std::string> names;  // in dns and in the certificate
  TlsKind tls = TlsKind::none;
  Dialect dialect = Dialect::openai;
  std::vector<std::string> models{"m1"};
  // Names of credentials; values are canaries. The first is accepted and known to the control
  // plane, the others get 401 until a step rotates to them.
  std::vector<std::string> keys;
  // Variable in the workload's environment that holds a placeholder for the key; empty: none.
  std::string credential;
  std::vector<RouteSpec> routes;  // first match; else the dialect
  SseSpec sse;                    // how the dialect streams
  std::string record_type;        // in the control plane; empty: by dialect
  std::string record_base_url;    // empty: its url + /v1
  base::Mark mark;
};

struct DecoySpec {
  std::string name;
  std::string host = "box";
  net::Endpoint listen;
  base::Mark mark;
};

}  // namespace sallyport::sim::providers
