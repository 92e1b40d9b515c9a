// The answers that the supervisor gives by itself, as values and as bytes. Shapes and members are
// those of OpenShell proxy.rs and l7/rest.rs; unlike there, every one has a true Content-Length
// and, when the connection ends, says so. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::http {

struct LocalAnswer {
  unsigned status = 0;
  std::string content_type;  // empty: no such field
  std::string body;
  std::string policy;  // X-OpenShell-Policy, unless empty
  bool close = true;
};

// `HTTP/1.1 ...` with Content-Length. Without the body for an answer to HEAD.
[[nodiscard]] std::string to_bytes(const LocalAnswer& answer, bool with_body = true);

// The usual phrase; `Unknown` for a status that has none.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

// What a CONNECT is accepted with; exactly these bytes.
inline constexpr std::string_view kConnectionEstablished =
    "HTTP/1.1 200 Connection Established\r\n\r\n";

// 400, 431 and the like without a body.
[[nodiscard]] LocalAnswer bare_answer(unsigned status);
// text/plain, as `Use CONNECT for HTTPS URLs`.
[[nodiscard]] LocalAnswer text_answer(unsigned status, std::string_view text);
// {"detail":..., "error":...[, "reason":...]}.
[[nodiscard]] LocalAnswer json_error(unsigned status, std::string_view error,
                                     std::string_view detail, std::string_view reason = {});
// {"error":..., "message":...}: errors inside a tunnel.
[[nodiscard]] LocalAnswer json_message(unsigned status, std::string_view error,
                                       std::string_view message);
// 403: the request names another authority than the tunnel's.
[[nodiscard]] LocalAnswer authority_mismatch();

// A request inside a tunnel that its policy's rules refuse.
struct RuleDenial {
  std::string policy;  // matched policy
  std::string method;
  std::string path;    // redacted, without query
  std::string detail;  // the reason
  std::string protocol = "rest";
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<std::string> binary;
};
// 403 with X-OpenShell-Policy and the members of OpenShell's deny body; `next_steps` is empty.
[[nodiscard]] LocalAnswer rule_denial(const RuleDenial& denial);

// `"` + text with JSON's escapes + `"`; octets that aren't UTF-8 become `?`.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace sallyport::http
