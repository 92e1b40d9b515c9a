#include "simulator/providers/responder.h"

#include <fmt/format.h>

#include "simulator/providers/raw_script.h"
#include "simulator/providers/websocket_peer.h"

namespace sallyport::sim::providers {
namespace {

constexpr std::size_t kChunkMax = 64U << 10U;

// Where a stream ends early, if it does so in this event: octets into it. `sent`: those before it.
std::optional<Answer::Cut> cut_in(const Answer& answer, const EventSource::Event& event,
                                  std::uint64_t sent) {
  const auto& in_stream = answer.sse->cut;
  if (in_stream && in_stream->event == event.number) {
    return Answer::Cut{in_stream->offset, in_stream->how};
  }
  if (answer.cut && answer.cut->offset < sent + event.wire.size()) {
    return Answer::Cut{answer.cut->offset - sent, answer.cut->how};
  }
  return std::nullopt;
}

}  // namespace

net::Task<bool> Responder::send(const Answer& answer) {
  const bool waited = co_await connection_.pause(answer.delay);
  if (!waited) co_return false;
  if (answer.hold) {
    journal::Selector until = on_.selector(*answer.hold);
    const bool released = co_await connection_.hold(std::move(until));
    if (!released) co_return false;
  }
  if (answer.raw) {
    RawScript script(on_);
    co_return co_await script.run(*answer.raw);
  }
  if (answer.websocket) {
    WebSocketPeer peer(on_, answer);
    co_return co_await peer.run();
  }
  const Plan how = plan_of(on_, answer);
  const std::string head = head_of(on_, answer, how);
  on_.note_response(answer.status);
  const bool sent = co_await connection_.send(head);
  if (!sent) co_return false;
  bool whole = true;
  if (!how.bodiless && answer.sse) {
    whole = co_await send_events(answer, how);
  } else if (!how.bodiless) {
    whole = co_await send_body(answer, how);
  }
  co_return whole && !how.close;
}

net::Task<bool> Responder::send_piece(const Plan& how, std::string_view piece) {
  if (piece.empty()) co_return !connection_.broken();
  if (how.framing != Answer::Framing::chunked) co_return co_await connection_.send(piece);
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  co_return co_await connection_.send(chunk);
}

net::Task<bool> Responder::end_body(const Plan& how) {
  if (how.framing != Answer::Framing::chunked) co_return true;
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

net::Task<bool> Responder::wait_for(const SseSpec& sse, std::uint64_t number) {
  const bool waited = co_await connection_.pause(number == 1 ? sse.first_after : sse.every);
  if (!waited || !sse.hold || sse.hold->event != number) co_return waited;
  journal::Selector until = on_.selector(sse.hold->until);
  co_return co_await connection_.hold(std::move(until));
}

net::Task<bool> Responder::send_events(const Answer& answer, const Plan& how) {
  const SseSpec& sse = *answer.sse;
  EventSource source(on_, sse, answer.encoding);
  std::uint64_t octets = 0;
  while (const auto event = source.next()) {
    const bool waited = co_await wait_for(sse, event->number);
    if (!waited) co_return false;
    const std::optional<Answer::Cut> cut = cut_in(answer, *event, octets);
    if (!cut || cut->offset >= event->wire.size()) {
      journal::Fields fields;
      fields["data"] = event->data;
      on_.note("sse", std::move(fields));
    }
    if (cut) co_return co_await cut_event(*cut, how, event->wire);
    octets += event->wire.size();
    const bool sent = co_await send_piece(how, event->wire);
    if (!sent) co_return false;
  }
  const std::string tail = source.finish();
  const bool sent = co_await send_piece(how, tail);
  if (!sent) co_return false;
  co_return co_await end_body(how);
}

net::Task<bool> Responder::cut_event(const Answer::Cut& cut, const Plan& how,
                                     std::string_view event) {
  const bool sent = co_await send_piece(how, event.substr(0, cut.offset));
  if (!sent) co_return false;
  co_await connection_.cut(cut.how);
  if (cut.how != CutHow::clean) co_return false;
  co_return co_await end_body(how);
}

}  // namespace sallyport::sim::providers
