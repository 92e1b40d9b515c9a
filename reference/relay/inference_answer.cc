#include "reference/relay/inference_answer.h"

#include <array>

#include "reference/inference/sse.h"
#include "reference/relay/payload.h"

namespace sallyport::relay {
namespace {

http::ChunkLimits chunk_limits(const base::Limits& limits) {
  http::ChunkLimits chunks;
  chunks.line_bytes_max = limits.chunk_line_bytes_max;
  return chunks;
}

// How the body goes to the client, and what went so far.
struct Stream {
  const RouteRequest& request;
  Inlet& upstream;
  Inlet& client;
  Pace pace;
  bool chunked = true;  // a client of HTTP/1.0 gets the payload until the connection ends
  bool sse = false;
  inference::EventEnd end;
  inference::UsageScanner usage;
  PayloadCursor cursor;
  std::uint64_t sent = 0;
  std::string unsent_head;  // goes with the first piece
};

enum class Took { ok, too_large, client_gone, broken };

// One piece of payload as one chunk, with the head before it if that is still here.
net::Task<bool> send_piece(Stream& stream, std::string_view payload) {
  http::ChunkHeader header;
  std::string_view end;
  if (stream.chunked && !payload.empty()) {
    header = http::chunk_header(payload.size());
    end = http::kChunkEnd;
  }
  const std::array<std::string_view, 4> pieces = {stream.unsent_head, header.view(), payload, end};
  const Io io = co_await write_all(stream.client.stream(), pieces, stream.pace);
  stream.unsent_head.clear();
  co_return io == Io::ok;
}

// Everything that the inlet holds, at once.
net::Task<Took> send_available(Stream& stream) {
  while (!stream.cursor.done() && !stream.upstream.bytes().empty()) {
    const auto piece = stream.cursor.next(stream.upstream.bytes());
    if (!piece) co_return Took::broken;
    const std::uint64_t most = stream.request.limits().inference_response_bytes_max;
    if (piece->payload.size() > most - stream.sent) co_return Took::too_large;
    stream.sent += piece->payload.size();
    if (!piece->payload.empty()) {
      if (stream.sse) stream.end.take(piece->payload);
      stream.usage.take(piece->payload);
      const bool sent = co_await send_piece(stream, piece->payload);
      if (!sent) co_return Took::client_gone;
    }
    stream.upstream.consume(piece->consumed);
  }
  co_return Took::ok;
}

// The whole body; empty when all is well, else the words for its reader.
net::Task<std::string_view> send_body(Stream& stream, bool& client_gone) {
  while (true) {
    const Took took = co_await send_available(stream);
    client_gone = took == Took::client_gone;
    if (client_gone || took == Took::broken) co_return inference::kCutReadError;
    if (took == Took::too_large) co_return inference::kCutTooLarge;
    if (stream.cursor.done()) co_return std::string_view();
    if (!stream.unsent_head.empty()) {
      const bool sent = co_await send_piece(stream, std::string_view());
      client_gone = !sent;
      if (client_gone) co_return inference::kCutReadError;
    }
    stream.pace.move(stream.upstream.stream());
    const Io io = co_await stream.upstream.fill_after_idle();
    if (io == Io::ok) continue;
    if (io == Io::end && stream.cursor.until_close()) co_return std::string_view();
    co_return io == Io::expired ? inference::kCutIdle : inference::kCutReadError;
  }
}

// Says that the stream was cut: as an event where one can stand, else by a reset. True if the
// client's connection is still whole.
net::Task<bool> mark_cut(Stream& stream, std::string_view words) {
  if (!stream.sse || stream.end.amid()) {
    stream.client.stream().abort();
    co_return false;
  }
  const std::string event = inference::sse_error_event(words);
  const bool sent = co_await send_piece(stream, event);
  co_return sent;
}

net::Task<bool> end_stream(Stream& stream) {
  if (!stream.chunked) {
    const bool sent = co_await send_piece(stream, std::string_view());
    co_return sent;
  }
  const std::array<std::string_view, 2> pieces = {stream.unsent_head, http::kLastChunk};
  const Io io = co_await write_all(stream.client.stream(), pieces, stream.pace);
  stream.unsent_head.clear();
  co_return io == Io::ok;
}

// Of an answer that has no body whatever its fields say (204, 304).
net::Task<RouteResult> send_bodiless(const RouteRequest& request, const http::AnswerHead& answer,
                                     Inlet& client, Pace pace) {
  RouteResult result;
  result.status = answer.status;
  const http::Framing none;
  const std::string head = inference::build_client_head(answer, none, !request.keep_client);
  const Io io = co_await write_text(client.stream(), head, pace);
  result.client_keeps = io == Io::ok && request.keep_client;
  co_return result;
}

}  // namespace

net::Task<RouteResult> stream_answer(const RouteRequest& request, const http::AnswerHead& answer,
                                     const http::Framing& framing, Inlet& upstream, Inlet& client,
                                     const base::Clock& clock) {
  const Pace pace{&clock, request.limits().chunk_idle};
  if (framing.kind == http::BodyKind::none) {
    RouteResult bare = co_await send_bodiless(request, answer, client, pace);
    co_return bare;
  }
  const bool chunked = request.client_version_minor > 0;
  const bool keep = request.keep_client && chunked;
  http::Framing outgoing;
  outgoing.kind = chunked ? http::BodyKind::chunked : http::BodyKind::until_close;
  Stream stream{request,
                upstream,
                client,
                pace,
                chunked,
                inference::takes_sse_events(answer),
                inference::EventEnd(),
                inference::UsageScanner(answer),
                PayloadCursor(framing, chunk_limits(request.limits())),
                0,
                inference::build_client_head(answer, outgoing, !keep)};
  RouteResult result;
  result.status = answer.status;
  bool client_gone = false;
  const std::string_view cut = co_await send_body(stream, client_gone);
  bool whole = !client_gone;
  if (!cut.empty()) {
    result.truncated = true;
    result.cause = client_gone ? "the client ended" : std::string(cut);
    if (!client_gone) whole = co_await mark_cut(stream, cut);
  }
  if (whole) whole = co_await end_stream(stream);
  result.client_keeps = whole && keep;
  result.usage = stream.usage.usage();
  co_return result;
}

net::Task<RouteResult> buffer_answer(const RouteRequest& request, const http::AnswerHead& answer,
                                     const http::Framing& framing, Inlet& upstream, Inlet& client,
                                     const base::Clock& clock, base::TimePoint until) {
  const Pace pace{&clock, request.limits().chunk_idle};
  RouteResult result;
  result.status = answer.status;
  PayloadBounds bounds;
  bounds.bytes_max = request.limits().inference_response_bytes_max;
  bounds.idle = request.limits().chunk_idle;
  bounds.until = until;
  PayloadCursor cursor(framing, chunk_limits(request.limits()));
  Payload payload;
  const bool too_large =
      framing.kind == http::BodyKind::length && framing.length > bounds.bytes_max;
  if (too_large) {
    payload.what = Payload::What::too_large;
  } else {
    payload = co_await read_payload(upstream, cursor, bounds, clock);
  }
  if (payload.what != Payload::What::whole) {
    result.error = inference::ErrorKind::upstream_broken;
    result.cause = payload.what == Payload::What::too_large ? "the answer is too large"
                   : payload.what == Payload::What::late    ? "the answer's body came too late"
                                                            : "the answer's body broke";
    co_return result;
  }
  inference::UsageScanner usage(answer);
  usage.take(payload.body);
  result.usage = usage.usage();
  http::Framing outgoing;
  if (framing.kind != http::BodyKind::none) outgoing.kind = http::BodyKind::length;
  outgoing.length = payload.body.size();
  const std::string head = inference::build_client_head(answer, outgoing, !request.keep_client);
  const std::array<std::string_view, 2> pieces = {head, payload.body};
  const Io io = co_await write_all(client.stream(), pieces, pace);
  result.client_keeps = io == Io::ok && request.keep_client;
  co_return result;
}

}  // namespace sallyport::relay
