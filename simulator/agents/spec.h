// What a client step does, as values: the loader fills them, the runner expands their variables,
// the agents act on them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"
#include "simulator/journal/event.h"
#include "simulator/journal/query.h"
#include "simulator/wire/moves.h"

namespace sallyport::sim::agents {

// Facts of a step by name (scenario reference, section 12): `class`, `status`, `errno` ...
// Durations are nanoseconds.
using Facts = journal::Fields;

// Which way a client takes through a `via`.
enum class Adapter { automatic, connect, forward };

// What a client does about TLS.
struct ClientTls {
  bool verify = true;
  std::string sni;   // empty: the URL's host
  std::string alpn;  // empty: none offered
};

// `raw: TEXT or MOVES`: bytes as they are, through the way and TLS that `to` and `adapter` imply.
// To a supervisor or proxy with Adapter::forward: the connection to it, and no byte of ours before.
struct RawSpec {
  std::vector<wire::Move> moves;
  std::string to;
  Adapter adapter = Adapter::automatic;
  ClientTls tls;
};

// `websocket: URL`
struct WebSocketSpec {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> subprotocols;
  bool deflate = false;  // offers permessage-deflate
  Adapter adapter = Adapter::automatic;
  ClientTls tls;
  std::vector<wire::WebSocketMove> moves;
};

struct RequestSpec {
  std::string url;
  std::string method;  // empty: GET, or POST with a body
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;  // text/plain
  std::optional<std::string> json;  // JSON text, application/json
  std::optional<std::uint64_t> size;
  bool chunked = false;
  bool expect_continue = false;
  Adapter adapter = Adapter::automatic;
  ClientTls tls;
  std::string connection;  // steps that name it share one client connection
  // If the peer has ended that connection in good order since its last exchange, another is opened;
  // else the exchange is `closed`. Not the author's: set for the lanes of a repeated step.
  bool reconnects = false;
  std::optional<journal::Selector> abort;
};

struct ToolSpec {
  std::string name;
  int exit = 0;
  std::string out, err;
  bool missing = false;        // `none`: the name isn't found on PATH
  std::vector<ToolSpec> then;  // what the calls after the first come to, the last one again
};

struct RunSpec {
  std::vector<std::string> argv;  // a text is {"sh", "-c", text}
  // `operator_`: the gateway's address, and the gateway's host where `from` isn't said.
  enum class Environment { by_default, agent, none, operator_ };
  Environment environment = Environment::by_default;
  std::vector<std::pair<std::string, std::string>> variables;  // over the agent's
  std::vector<std::string> unset;
  std::string user;       // a name of its /etc/passwd, or a number; empty: the agent's own
  bool confined = false;  // `confine: agent`: as the subject confines its workload
  std::string cwd;        // empty: the scenario's folder
  std::string stdin_text;
  std::vector<ToolSpec> tools;  // fakes, first on PATH
};

// The readiness gate: what it is told, and what its probes come to.
struct GateSpec {
  std::string kind;  // of the provider: ollama-local ...
  std::string rule = "observed";
  // What the exec command comes to, one a call, then the last again; empty: the probe really runs.
  struct Result {
    enum class Kind { answer, not_run, timed_out };
    Kind kind = Kind::answer;
    int exit = 0;
    std::string out, err;
  };
  std::vector<Result> results;
  struct Setup {
    bool gpu = true;
    std::string platform = "linux", driver = "docker", route = "compatibility";
    std::string network = "preserve";
    bool auto_fix = false;
    std::string subnet;  // empty: that of the agent's link
  };
  Setup setup;
  struct Limits {
    std::uint64_t attempts = 3;
    base::Duration gap{0};
    base::Duration connect{std::chrono::milliseconds(200)};
    base::Duration total{std::chrono::milliseconds(400)};
    base::Duration exec{std::chrono::seconds(1)};
  };
  Limits limits;
  bool bare = false;                                           // `environment: none`
  std::vector<std::pair<std::string, std::string>> variables;  // of the probe, over the agent's
  std::vector<std::string> unset;
  std::vector<ToolSpec> tools;  // of the gate and of the probe
};

struct PauseSpec {
  base::Duration duration{0};
  std::string why;
};

}  // namespace sallyport::sim::agents
