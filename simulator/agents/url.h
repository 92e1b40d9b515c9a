// The URL of a request step, taken apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::sim::agents {

struct Url {
  std::string scheme;  // http, https (also for ws, wss)
  std::string host;    // without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query as written; `/` for none
  std::string text;    // all of it, as written but for ws and wss, without a fragment

  [[nodiscard]] bool tls() const { return scheme == "https"; }
  // `host:port`, an IPv6 literal in brackets; for CONNECT.
  [[nodiscard]] std::string authority() const;
  // For the Host line: the port only if it isn't the scheme's own.
  [[nodiscard]] std::string host_line() const;

  // http, https, ws and wss only; nothing for anything else, or a port that is none.
  [[nodiscard]] static std::optional<Url> parse(std::string_view text);
};

}  // namespace sallyport::sim::agents
