// What `sallyport-gateway serve --config FILE` reads: one YAML file, strict, every mistake with its
// place, all of them at once. It is the state that the gateway begins with, read once: what is
// changed later is changed by calls. Users' reference: docs/gateway.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/base/log.h"
#include "reference/base/yaml.h"
#include "reference/gateway/records.h"
#include "reference/net/address.h"

namespace sallyport::gateway {

struct Config {
  std::string file;
  std::vector<net::Endpoint> listen;  // at least one; port 0 takes any
  bool allow_unauthenticated = false;
  base::LogLevel log_level = base::LogLevel::info;
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
