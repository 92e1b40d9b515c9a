#include "simulator/providers/answer_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/providers/encoding.h"
#include "simulator/providers/event_source.h"

namespace sallyport::sim::providers {
namespace {

using Framing = Answer::Framing;

std::string filler(std::uint64_t size) {
  constexpr std::string_view kPattern = "0123456789abcdefghijklmnopqrstuv";
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    out.append(kPattern.substr(0, std::min<std::size_t>(kPattern.size(), size - out.size())));
  }
  return out;
}

bool has_header(const Answer& answer, std::string_view name) {
  return wire::find_header(answer.headers, name) != nullptr;
}

void plan_stream(const Answering& on, const Answer& answer, Plan& how) {
  how.content_type = EventSource(on, *answer.sse, answer.encoding).content_type();
  if (how.framing != Framing::length) return;
  const auto length = stream_length(on, *answer.sse, answer.encoding);
  if (!length) how.framing = Framing::close;
  how.length = length.value_or(0);
}

}  // namespace

std::string_view reason_of(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 407:
      return "Proxy Authentication Required";
    case 413:
      return "Content Too Large";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status < 400 ? "Answer" : "Error";
  }
}

Plan plan_of(const Answering& on, const Answer& answer) {
  Plan how;
  how.framing = answer.framing.value_or(answer.sse ? Framing::chunked : Framing::length);
  how.content_type = "text/plain";
  if (answer.body) how.body = on.text(*answer.body);
  if (answer.json) how.body = on.json(*answer.json);
  if (answer.json) how.content_type = "application/json";
  if (answer.size) how.body = filler(*answer.size);
  if (answer.sse) {
    plan_stream(on, answer, how);
  } else {
    if (!how.body.empty()) how.body = encoded(answer.encoding, how.body);
    how.length = how.body.size();
  }
  // A body of a promised length ends well before its end only if less is promised.
  if (answer.cut && answer.cut->how == CutHow::clean) {
    how.length = std::min(how.length, answer.cut->offset);
  }
  const Request& request = on.request();
  how.bodiless = request.message.method == "HEAD" || answer.status == 204 || answer.status == 304;
  how.close = how.framing == Framing::close || !request.keeps_alive || !request.complete;
  return how;
}

std::string head_of(const Answering& on, const Answer& answer, const Plan& how) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, reason_of(answer.status));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!has_header(answer, name)) out += fmt::format("{}: {}\r\n", name, value);
  };
  for (const auto& [name, value] : answer.headers) {
    out += fmt::format("{}: {}\r\n", name, on.text(value));
  }
  const bool framed_by_author =
      has_header(answer, "content-length") || has_header(answer, "transfer-encoding");
  const bool empty = answer.status == 204 || answer.status == 304;
  const bool has_body = how.length > 0 || how.framing != Framing::length;
  if (!empty && has_body) add("Content-Type", how.content_type);
  if (!empty && has_body && answer.encoding != Answer::Encoding::identity) {
    add("Content-Encoding", name_of(answer.encoding));
  }
  if (!empty && !framed_by_author && how.framing == Framing::length) {
    add("Content-Length", std::to_string(how.length));
  }
  if (!empty && !framed_by_author && how.framing == Framing::chunked) {
    add("Transfer-Encoding", "chunked");
  }
  if (how.close) add("Connection", "close");
  return out + "\r\n";
}

}  // namespace sallyport::sim::providers
