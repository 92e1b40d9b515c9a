// What `sallyport-gateway serve --config FILE` reads: one YAML file, strict, every mistake with its
// place, all of them at once. It is the state that the gateway begins with, read once: what is
// changed later is changed by calls. Token files alone are read again. Users' reference:
// docs/gateway.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/base/log.h"
#include "reference/base/yaml.h"
#include "reference/gateway/probe_options.h"
#include "reference/gateway/records.h"
#include "reference/gateway/server_tls.h"
#include "reference/gateway/tokens.h"
#include "reference/net/address.h"

namespace sallyport::gateway {

// What `state` says for a state that goes with the process.
inline constexpr std::string_view kInMemory = "memory";

struct Config {
  std::string file;
  std::vector<net::Endpoint> listen;   // at least one; port 0 takes any
  bool allow_unauthenticated = false;  // callers without a token are believed wherever they are
  bool insecure = false;               // listens beyond loopback without TLS, and knows it
  std::optional<ServerTls> tls;        // on all of `listen`
  TokenFiles token_files;
  FileTokens tokens;       // as of now
  std::string state_file;  // empty: in memory
  base::LogLevel log_level = base::LogLevel::info;
  ProbeOptions probe;
  State initial;
};

// Nothing for a variable that isn't set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// Relative paths in the file are relative to the file. Policies are read and judged too, and the
// route is resolved at `now_ms`; no service is asked. Nothing after a complaint.
[[nodiscard]] std::optional<Config> load_config(const std::string& path, std::int64_t now_ms,
                                                const Environment& environment,
                                                base::Diagnostics& complaints);

// As above, from text; `file` names it in complaints and is what relative paths hang from.
[[nodiscard]] std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                                 std::int64_t now_ms,
                                                 const Environment& environment,
                                                 base::Diagnostics& complaints);

}  // namespace sallyport::gateway
