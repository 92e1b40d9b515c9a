#include "reference/relay/exchange.h"

#include <algorithm>
#include <array>

#include "reference/base/check.h"
#include "reference/http/header_rules.h"
#include "reference/net/both.h"
#include "reference/net/io.h"
#include "reference/relay/copy.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/loss_watch.h"

namespace sallyport::relay {
namespace {

constexpr int kInterimMax = 32;

// What both directions of one exchange see; lives in exchange()'s frame.
struct State {
  Inlet& client;
  Inlet& upstream;
  Outgoing& request;
  const base::Limits& limits;
  Pace pace;
  BodyCursor upload;
  ExchangeResult result{};
  bool held_sent = true;     // of a body in memory, if there is one: all of it, with the head
  bool settled = false;      // `result` holds the outcome
  bool answer_over = false;  // nothing more is owed to the upstream

  [[nodiscard]] bool all_sent() const { return upload.done() && held_sent; }
  void settle(Outcome outcome) {
    if (settled) return;
    settled = true;
    result.outcome = outcome;
  }
};

http::ChunkLimits chunk_limits(const base::Limits& limits) {
  http::ChunkLimits chunks;
  chunks.line_bytes_max = limits.chunk_line_bytes_max;
  return chunks;
}

// The client's side failed: the upstream must not take what it has for a whole request.
void fail_client(State& state, Outcome outcome) {
  state.settle(outcome);
  state.upstream.stream().abort();
}

// Wakes whoever waits for the upstream, which nobody needs any more.
void lose_client(State& state) {
  if (!state.settled && !state.answer_over) fail_client(state, Outcome::client_gone);
}

void judge_upload(State& state, const CopyEnd& end) {
  if (end.what == CopyEnd::What::done || state.answer_over) return;
  // A sink that failed may have answered before: the answer's reader finds out.
  if (end.what == CopyEnd::What::sink) return;
  const bool malformed = end.what == CopyEnd::What::malformed;
  // Once an answer has begun, nothing else can be said to the client but that it was cut.
  const Outcome outcome = state.result.status != 0 ? Outcome::cut : Outcome::bad_body;
  fail_client(state, malformed ? outcome : Outcome::client_gone);
}

// The upload beyond what came with the head. Ends when the answer is over: its reader wakes us.
net::Task<void> send_rest(State& state) {
  CopyEnd end;
  while (!state.upload.done() && end.what == CopyEnd::What::done && !state.answer_over) {
    state.pace.move(state.client.stream());
    state.pace.move(state.upstream.stream());
    end.io = co_await state.client.fill();
    if (end.io != Io::ok) {
      end.what = CopyEnd::What::source;
    } else if (!state.answer_over) {
      end = co_await copy_available(state.client, state.upstream.stream(), state.upload,
                                    std::string_view(), state.pace);
    }
  }
  judge_upload(state, end);
}

// What goes at once of the head and a body in memory, and afterwards the rest.
struct Held {
  std::string_view head;
  std::string_view body;
  [[nodiscard]] bool empty() const { return head.empty() && body.empty(); }
};

// A failure is the answer's reader's to find, as in judge_upload().
void send_held_now(State& state, Held& held) {
  const std::array<iovec, 2> parts = {net::as_iovec(held.head), net::as_iovec(held.body)};
  const auto wrote = state.upstream.stream().try_write(parts);
  std::size_t count = wrote ? *wrote : 0;
  for (std::string_view* const piece : {&held.head, &held.body}) {
    const std::size_t taken = std::min(count, piece->size());
    piece->remove_prefix(taken);
    count -= taken;
  }
  state.held_sent = held.empty();
}

// The answer may take long: nobody keeps a body for it that nobody reads any more.
void free_body(State& state) {
  std::string().swap(state.request.body);
  state.request.hold.reset();
}

net::Task<void> send_held(State& state, Held& held) {
  const std::array<std::string_view, 2> pieces = {held.head, held.body};
  const Io io = co_await write_all(state.upstream.stream(), pieces, state.pace);
  state.held_sent = io == Io::ok;
  free_body(state);
}

// Interim answers pass until the last one; nothing when there is none to come.
net::Task<Io> pass_interim(State& state, const http::AnswerHead& answer) {
  const bool wanted = answer.status != 100 || state.request.expects_continue;
  if (!wanted || state.request.client_version_minor == 0) co_return Io::ok;
  http::AnswerHeadOptions options;
  const std::string head = http::build_answer_head(answer, options);
  const Io io = co_await write_text(state.client.stream(), head, state.pace);
  co_return io;
}

Outcome outcome_of(HeadEnd end) {
  switch (end) {
    case HeadEnd::idle:
    case HeadEnd::late:
      return Outcome::late_answer;
    case HeadEnd::too_long:
    case HeadEnd::malformed:
    case HeadEnd::truncated:
      return Outcome::bad_answer;
    case HeadEnd::complete:
    case HeadEnd::closed:
    case HeadEnd::cancelled:
      break;
  }
  return Outcome::no_answer;
}

bool may_switch(const State& state, const http::AnswerHead& answer) {
  return state.request.upgrade && switch_fault(answer, *state.request.upgrade).empty();
}

// The 101, and with it what the upstream has said already behind it.
net::Task<void> switch_protocols(State& state, const http::AnswerHead& answer) {
  state.result.status = answer.status;
  const http::AnswerHeadOptions options;
  std::string head = http::build_answer_head(answer, options);
  add_upgrade_fields(head);
  const std::array<std::string_view, 2> pieces = {head, state.upstream.bytes()};
  const Io io = co_await write_all(state.client.stream(), pieces, state.pace);
  if (io == Io::ok) {
    state.upstream.consume(state.upstream.bytes().size());
    state.settle(Outcome::switched);
  } else {
    fail_client(state, Outcome::client_gone);
  }
}

// The final answer's head, or an outcome that is settled already.
net::Task<bool> read_answer(State& state, http::AnswerHead& answer) {
  HeadBounds bounds;
  bounds.bytes_max = state.limits.response_head_bytes_max;
  bounds.first_byte = state.limits.chunk_idle;
  bounds.whole = state.limits.chunk_idle;
  for (int heads = 0; heads <= kInterimMax; ++heads) {
    const HeadRead read = co_await read_head(state.upstream, bounds, *state.pace.clock);
    if (read.end != HeadEnd::complete) {
      state.settle(outcome_of(read.end));
      co_return false;
    }
    auto parsed = http::parse_answer_head(state.upstream.bytes().substr(0, read.size));
    state.upstream.consume(read.size);
    if (!parsed || (parsed->status == 101 && !may_switch(state, *parsed))) break;
    answer = std::move(*parsed);
    if (!answer.is_interim()) co_return true;
    const Io io = co_await pass_interim(state, answer);
    if (io != Io::ok) {
      fail_client(state, Outcome::client_gone);
      co_return false;
    }
  }
  state.settle(Outcome::bad_answer);
  co_return false;
}

net::Task<void> deliver(State& state, const http::AnswerHead& answer, http::Framing framing) {
  state.result.status = answer.status;
  const bool until_close = framing.kind == http::BodyKind::until_close;
  const bool keep = state.request.keep_client && state.upload.done() && !until_close;
  http::AnswerHeadOptions options;
  options.framing = framing;
  options.close = !keep;
  const std::string head = http::build_answer_head(answer, options);
  BodyCursor cursor(framing, chunk_limits(state.limits));
  const CopyEnd end =
      co_await copy_body(state.upstream, state.client.stream(), cursor, head, state.pace);
  if (end.what == CopyEnd::What::sink) {
    fail_client(state, Outcome::client_gone);
  } else if (end.what != CopyEnd::What::done) {
    state.settle(Outcome::cut);
  } else {
    state.settle(Outcome::complete);
    state.result.client_keeps = keep;
    state.result.upstream_keeps =
        keep && state.all_sent() && answer.keeps_alive() && state.upstream.bytes().empty();
  }
}

net::Task<void> answer_client(State& state) {
  http::AnswerHead answer;
  const bool got = co_await read_answer(state, answer);
  if (got && answer.status == 101) {
    co_await switch_protocols(state, answer);
  } else if (got) {
    const auto framing = http::answer_framing(state.request.method, answer.status,
                                              answer.version_minor, answer.fields);
    if (framing) {
      co_await deliver(state, answer, *framing);
    } else {
      state.settle(Outcome::bad_answer);
    }
  }
  // Wakes an upload that still waits for either side: nobody reads it any more.
  state.answer_over = true;
  if (!state.all_sent()) {
    const base::TimePoint now = state.pace.clock->now();
    if (!state.upload.done()) state.client.stream().set_deadline(now);
    state.upstream.stream().set_deadline(now);
  }
}

// The head and a body in memory. An upstream may answer before it has taken a long one: both ways
// at once, then.
net::Task<void> run_held(State& state) {
  CHECK(state.upload.done());
  Held held{state.request.head, state.request.body};
  send_held_now(state, held);
  auto down = answer_client(state);
  if (held.empty()) {
    free_body(state);
    co_await std::move(down);
    co_return;
  }
  auto up = send_held(state, held);
  co_await net::both(std::move(up), std::move(down));
}

}  // namespace

net::Task<ExchangeResult> exchange(Inlet& client, Inlet& upstream, Outgoing request,
                                   const base::Limits& limits, const base::Clock& clock) {
  const Pace pace{&clock, limits.chunk_idle};
  if (request.upgrade) add_upgrade_fields(request.head);
  State state{client, upstream, request,
              limits, pace,     BodyCursor(request.framing, chunk_limits(limits))};
  const auto lost = [&state] { lose_client(state); };
  const LossWatch watch(client.stream(), lost);
  if (!request.body.empty()) {
    co_await run_held(state);
    co_return state.result;
  }
  // What has arrived of the body goes with the head; an end or a failure shows again later.
  if (!state.upload.done() && client.bytes().empty()) (void)client.fill_now();
  const CopyEnd first =
      co_await copy_available(client, upstream.stream(), state.upload, request.head, pace);
  judge_upload(state, first);
  if (state.settled) co_return state.result;
  const bool rest = first.what == CopyEnd::What::done && !state.upload.done();
  auto down = answer_client(state);
  if (!rest) {
    co_await std::move(down);
    co_return state.result;
  }
  auto up = send_rest(state);
  co_await net::both(std::move(up), std::move(down));
  co_return state.result;
}

}  // namespace sallyport::relay
