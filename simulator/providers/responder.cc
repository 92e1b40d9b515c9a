#include "simulator/providers/responder.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <utility>

#include <algorithm>

#include "reference/net/clock.h"
#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers {
namespace {

using Framing = Answer::Framing;

constexpr std::size_t kChunkMax = 64U << 10U;

std::string_view reason_of(int status) {
  switch (status) {
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
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
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
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "Answer" : "Error";
  }
}

// One event as it stands on the wire.
std::string wire_event(std::string_view data) {
  std::string out = "data: ";
  for (const char c : data) {
    out += c;
    if (c == '\n') out += "data: ";
  }
  return out + "\n\n";
}

// The text between the quotes of a JSON string.
std::string json_escaped(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString() + 1, buffer.GetSize() - 2};
}

std::string filler(std::uint64_t size) {
  constexpr std::string_view kPattern = "0123456789abcdefghijklmnopqrstuv";
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    out.append(kPattern.substr(0, std::min<std::size_t>(kPattern.size(), size - out.size())));
  }
  return out;
}

// Octets of a stream whose length is promised: less of them if it is to end well before its end.
std::uint64_t stream_length(const SseSpec& sse, const std::vector<std::string>& events) {
  std::uint64_t length = 0;
  for (std::uint64_t number = 1; number <= events.size(); ++number) {
    const std::uint64_t size = wire_event(events[number - 1]).size();
    if (sse.cut && sse.cut->how == CutHow::clean && sse.cut->event == number) {
      return length + std::min(size, sse.cut->offset);
    }
    length += size;
  }
  return length;
}

bool has_header(const Answer& answer, std::string_view name) {
  return wire::find_header(answer.headers, name) != nullptr;
}

}  // namespace

Responder::Responder(const ProviderSpec& spec, const Environment& environment,
                     Connection& connection, const Request& request)
    : spec_(spec),
      environment_(environment),
      connection_(connection),
      request_(request),
      variables_(variables(request, environment.lookup)) {}

net::Task<bool> Responder::send(const Answer& answer) {
  const bool waited = co_await connection_.pause(answer.delay);
  if (!waited) co_return false;
  if (answer.hold) {
    journal::Selector until = journal::expand(*answer.hold, variables_);
    const bool released = co_await connection_.hold(std::move(until));
    if (!released) co_return false;
  }
  if (answer.raw) co_return co_await run(*answer.raw);
  std::vector<std::string> events;
  if (answer.sse) events = events_of(*answer.sse);
  const Plan how = plan(answer, events);
  const std::string text = head(answer, how);
  note_response(answer.status);
  const bool sent = co_await connection_.send(text);
  if (!sent) co_return false;
  bool whole = true;
  if (!how.bodiless && answer.sse) {
    whole = co_await send_events(*answer.sse, how, events);
  } else if (!how.bodiless) {
    whole = co_await send_body(answer, how);
  }
  co_return whole && !how.close;
}

std::vector<std::string> Responder::events_of(const SseSpec& sse) const {
  std::vector<std::string> events;
  for (const auto& text : sse.texts) events.push_back(expand_text(text));
  if (sse.texts.empty()) {
    const std::int64_t now_s = environment_.clock.wall_ms() / 1000;
    events = stream_events(spec_, request_, sse.events, now_s);
  }
  if (sse.terminal) events.push_back(terminal_event(spec_, request_));
  return events;
}

Responder::Plan Responder::plan(const Answer& answer,
                                const std::vector<std::string>& events) const {
  Plan how;
  how.framing = answer.framing.value_or(answer.sse ? Framing::chunked : Framing::length);
  how.content_type = "text/plain";
  if (answer.body) how.body = expand_text(*answer.body);
  if (answer.json) how.body = expand_json(*answer.json);
  if (answer.json) how.content_type = "application/json";
  if (answer.size) how.body = filler(*answer.size);
  how.length = how.body.size();
  if (answer.sse) {
    how.content_type = "text/event-stream";
    how.length = stream_length(*answer.sse, events);
  }
  // A body of a promised length ends well before its end only if less is promised.
  if (answer.cut && answer.cut->how == CutHow::clean) {
    how.length = std::min(how.length, answer.cut->offset);
  }
  how.bodiless = request_.message.method == "HEAD" || answer.status == 204 || answer.status == 304;
  how.close = how.framing == Framing::close || !request_.keeps_alive || !request_.complete;
  return how;
}

std::string Responder::head(const Answer& answer, const Plan& how) const {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, reason_of(answer.status));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!has_header(answer, name)) out += fmt::format("{}: {}\r\n", name, value);
  };
  for (const auto& [name, value] : answer.headers) {
    out += fmt::format("{}: {}\r\n", name, expand_text(value));
  }
  const bool framed_by_author =
      has_header(answer, "content-length") || has_header(answer, "transfer-encoding");
  const bool empty = answer.status == 204 || answer.status == 304;
  if (!empty && (how.length > 0 || how.framing != Framing::length)) {
    add("Content-Type", how.content_type);
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

std::string Responder::expand_text(const std::string& text) const {
  return journal::expand(text, variables_, true);
}

std::string Responder::expand_json(const std::string& text) const {
  const journal::Lookup escaped = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = variables_(name);
    if (!value) return std::nullopt;
    return json_escaped(*value);
  };
  return journal::expand(text, escaped, true);
}

void Responder::note_response(int status) {
  response_noted_ = true;
  journal::Fields fields;
  fields["status"] = std::int64_t{status};
  if (!request_.nonce.empty()) fields["nonce"] = request_.nonce;
  connection_.note("response", std::move(fields));
}

void Responder::note_event(const std::string& data) {
  journal::Fields fields;
  fields["data"] = data;
  if (!request_.nonce.empty()) fields["nonce"] = request_.nonce;
  connection_.note("sse", std::move(fields));
}

net::Task<bool> Responder::send_piece(const Plan& how, std::string_view piece) {
  if (piece.empty()) co_return !connection_.broken();
  if (how.framing != Framing::chunked) co_return co_await connection_.send(piece);
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  co_return co_await connection_.send(chunk);
}

net::Task<bool> Responder::end_body(const Plan& how) {
  if (how.framing != Framing::chunked) co_return true;
  co_return co_await connection_.send("0\r\n\r\n");
}

net::Task<bool> Responder::send_body(const Answer& answer, const Plan& how) {
  std::string_view rest = how.body;
  if (answer.cut) rest = rest.substr(0, answer.cut->offset);
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kChunkMax);
    const bool sent = co_await send_piece(how, piece);
    if (!sent) co_return false;
    rest.remove_prefix(piece.size());
  }
  if (answer.cut) {
    co_await connection_.cut(answer.cut->how);
    if (answer.cut->how != CutHow::clean) co_return false;
  }
  co_return co_await end_body(how);
}

net::Task<bool> Responder::send_events(const SseSpec& sse, const Plan& how,
                                       const std::vector<std::string>& events) {
  for (std::uint64_t number = 1; number <= events.size(); ++number) {
    const std::string& data = events[number - 1];
    const std::string text = wire_event(data);
    const bool waited = co_await connection_.pause(number == 1 ? sse.first_after : sse.every);
    if (!waited) co_return false;
    if (sse.hold && sse.hold->event == number) {
      journal::Selector until = journal::expand(sse.hold->until, variables_);
      const bool released = co_await connection_.hold(std::move(until));
      if (!released) co_return false;
    }
    const bool cut_here = sse.cut && sse.cut->event == number;
    if (!cut_here || sse.cut->offset >= text.size()) note_event(data);
    if (cut_here) co_return co_await cut_event(*sse.cut, how, text);
    const bool sent = co_await send_piece(how, text);
    if (!sent) co_return false;
  }
  co_return co_await end_body(how);
}

net::Task<bool> Responder::cut_event(const SseSpec::Cut& cut, const Plan& how,
                                     std::string_view event) {
  const bool sent = co_await send_piece(how, event.substr(0, cut.offset));
  if (!sent) co_return false;
  co_await connection_.cut(cut.how);
  if (cut.how != CutHow::clean) co_return false;
  co_return co_await end_body(how);
}

net::Task<bool> Responder::run(const std::vector<Move>& moves) {
  for (const Move& move : moves) {
    bool goes_on = true;
    switch (move.kind) {
      case Move::Kind::send:
        goes_on = co_await send_move(move);
        break;
      case Move::Kind::await: {
        journal::Selector until = journal::expand(move.selector, variables_);
        goes_on = co_await connection_.hold(std::move(until));
        break;
      }
      case Move::Kind::half_close:
        connection_.half_close();
        break;
      case Move::Kind::close:
        connection_.close();
        co_return false;
      case Move::Kind::reset:
        co_await connection_.settle();
        connection_.reset();
        co_return false;
      default:
        goes_on = co_await expect_move(move);
        break;
    }
    if (!goes_on) co_return false;
  }
  co_return true;
}

net::Task<bool> Responder::send_move(const Move& move) {
  const std::string bytes = expand_text(move.bytes);
  if (!response_noted_) {
    wire::HttpReader reader(wire::HttpReader::Kind::answer, request_.message.method);
    reader.feed(bytes);
    note_response(reader.message().status);  // 0 when what is sent is no head
  }
  std::string_view rest = bytes;
  const std::size_t most = move.chunk > 0 ? move.chunk : bytes.size();
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, most);
    const bool sent = co_await connection_.send(piece);
    if (!sent) co_return false;
    rest.remove_prefix(piece.size());
    if (rest.empty()) break;
    const bool waited = co_await connection_.pause(move.gap);
    if (!waited) co_return false;
  }
  co_return true;
}

net::Task<bool> Responder::expect_move(const Move& move) {
  // The first head to expect is the one that asked for this script.
  if (move.kind == Move::Kind::expect_head && !std::exchange(own_head_met_, true)) co_return true;
  const std::string wanted =
      move.kind == Move::Kind::expect_head ? "\r\n\r\n" : expand_text(move.bytes);
  while (true) {
    std::string& inbox = connection_.inbox();
    if (move.kind == Move::Kind::expect_eof) {
      if (connection_.peer_ended()) co_return true;
    } else if (const auto at = inbox.find(wanted); at != std::string::npos) {
      inbox.erase(0, at + wanted.size());
      co_return true;
    } else if (connection_.peer_ended()) {
      co_return false;
    }
    if (connection_.broken()) co_return false;
    co_await connection_.changed();
  }
}

}  // namespace sallyport::sim::providers
