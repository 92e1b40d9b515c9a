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

namespace sallyport::sim::agents {

// Facts of a step by name (scenario reference, section 12): `class`, `status`, `errno` ...
// Durations are nanoseconds.
using Facts = journal::Fields;

struct RequestSpec {
  std::string url;
  std::string method;  // empty: GET, or POST with a body
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;  // text/plain
  std::optional<std::string> json;  // JSON text, application/json
  std::optional<std::uint64_t> size;
  bool chunked = false;
  bool expect_continue = false;
  enum class Adapter { automatic, connect, forward };
  Adapter adapter = Adapter::automatic;
  bool tls_verify = true;
  std::string tls_sni;     // empty: the URL's host
  std::string tls_alpn;    // empty: none offered
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
};

struct RunSpec {
  std::vector<std::string> argv;  // a text is {"sh", "-c", text}
  enum class Environment { by_default, agent, none };
  Environment environment = Environment::by_default;
  std::vector<std::pair<std::string, std::string>> variables;  // over the agent's
  std::vector<std::string> unset;
  std::string cwd;  // empty: the scenario's folder
  std::string stdin_text;
  std::vector<ToolSpec> tools;  // fakes, first on PATH
};

struct PauseSpec {
  base::Duration duration{0};
  std::string why;
};

}  // namespace sallyport::sim::agents
