#include "reference/http/header_rules.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "reference/http/text.h"

namespace sallyport::http {
namespace {

// Meant for this connection alone. OpenShell lets Keep-Alive, TE and Trailer through unless
// Connection names them; RFC 9110 7.6.1 has an intermediary remove the first two in any case.
constexpr std::string_view kRequestHop[] = {
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
    "te",         "trailer",    "upgrade",          "http2-settings"};
constexpr std::string_view kAnswerHop[] = {"connection", "keep-alive", "proxy-connection"};
constexpr std::string_view kAnswerAllHop[] = {
    "connection",          "keep-alive", "proxy-connection", "proxy-authenticate",
    "proxy-authorization", "te",         "trailer",          "upgrade"};
constexpr std::string_view kFraming[] = {"content-length", "transfer-encoding"};

bool is_among(std::string_view name, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [name](std::string_view word) { return equal_ignoring_case(name, word); });
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_framing(std::string& out, const Framing& framing) {
  if (framing.kind == BodyKind::length) {
    append(out, "Content-Length", std::to_string(framing.length));
  } else if (framing.kind == BodyKind::chunked) {
    append(out, "Transfer-Encoding", "chunked");
  }
}

std::size_t size_of(const Fields& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

std::string request_line(const RequestHead& head, const CanonicalTarget& target) {
  std::string out;
  out.reserve(size_of(head.fields) + target.text.size() + 192);
  out.append(head.method).append(" ").append(target.text).append(" HTTP/1.");
  out.push_back(static_cast<char>('0' + head.version_minor));
  out.append("\r\n");
  return out;
}

void append_request_fields(std::string& out, const RequestHead& head, bool keep_host) {
  for (const Field& field : head.fields) {
    if (is_among(field.name, kRequestHop) || is_among(field.name, kFraming)) continue;
    if (!keep_host && equal_ignoring_case(field.name, "host")) continue;
    if (is_nominated(head.fields, field.name)) continue;
    append(out, field.name, field.value);
  }
}

}  // namespace

bool is_nominated(const Fields& fields, std::string_view name) {
  return fields.has_token("connection", name);
}

Upgrade upgrade_of(const RequestHead& head) {
  if (!is_nominated(head.fields, "upgrade") || head.count("upgrade") == 0) return Upgrade::none;
  if (head.fields.has_token("upgrade", "h2c")) return Upgrade::h2c;
  if (head.fields.has_token("upgrade", "websocket")) return Upgrade::websocket;
  return Upgrade::other;
}

std::string build_forward_head(const RequestHead& head, const CanonicalTarget& target,
                               const Authority& authority, const Framing& framing) {
  std::string out = request_line(head, target);
  append(out, "Host", authority.to_string(80));
  append_request_fields(out, head, false);
  if (head.count("via") == 0 || is_nominated(head.fields, "via")) append(out, "Via", kVia);
  append_framing(out, framing);
  out.append("\r\n");
  return out;
}

std::string build_tunnel_head(const RequestHead& head, const CanonicalTarget& target,
                              const Framing& framing) {
  std::string out = request_line(head, target);
  append_request_fields(out, head, true);
  append_framing(out, framing);
  out.append("\r\n");
  return out;
}

std::string build_answer_head(const AnswerHead& answer, const AnswerHeadOptions& options) {
  std::string out;
  out.reserve(size_of(answer.fields) + answer.reason.size() + 96);
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
  out.append(answer.reason).append("\r\n");
  const std::span<const std::string_view> hop =
      options.strip_hop_by_hop ? std::span<const std::string_view>(kAnswerAllHop) : kAnswerHop;
  // What HEAD and 304 declare is about another answer's body; 1xx and 204 may declare nothing.
  const bool declares =
      options.framing.kind == BodyKind::none && answer.status >= 200 && answer.status != 204;
  bool framed = false;
  for (const Field& field : answer.fields) {
    if (is_among(field.name, hop)) continue;
    if (is_among(field.name, kFraming)) {
      if (!declares || framed) continue;
      framed = true;  // of several equal ones, one
    } else if (is_nominated(answer.fields, field.name)) {
      continue;
    }
    append(out, field.name, field.value);
  }
  append_framing(out, options.framing);
  if (options.close || options.framing.kind == BodyKind::until_close)
    append(out, "Connection", "close");
  out.append("\r\n");
  return out;
}

}  // namespace sallyport::http
