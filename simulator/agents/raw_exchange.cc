#include "simulator/agents/raw_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/net/both.h"
#include "reference/net/clock.h"
#include "simulator/journal/waiter.h"

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;
using wire::Move;

Target target_of(const RawSpec& spec) { return {spec.to, spec.adapter, spec.tls, std::nullopt}; }

std::string_view name_of(Move::Kind kind) {
  switch (kind) {
    case Move::Kind::send:
      return "send";
    case Move::Kind::expect_head:
      return "expect head";
    case Move::Kind::expect_eof:
      return "expect eof";
    case Move::Kind::expect_text:
      return "expect";
    case Move::Kind::await:
      return "await";
    case Move::Kind::half_close:
      return "half_close";
    case Move::Kind::close:
      return "close";
    case Move::Kind::reset:
      return "reset";
  }
  return "";
}

}  // namespace

RawExchange::RawExchange(RawSpec spec, ClientContext& context)
    : Exchange(target_of(spec), context), spec_(std::move(spec)), changed_(context.executor) {
  keeps_text_ = std::any_of(spec_.moves.begin(), spec_.moves.end(),
                            [](const Move& move) { return move.kind == Move::Kind::expect_text; });
}

net::Task<Seen> RawExchange::run() {
  bool going = may_begin();
  if (going) going = co_await open();
  if (going) {
    seen_.raw.phase = Phase::request;
    took(connection_->early);
    take_in(connection_->early);
    net::Task<void> reading = read();
    net::Task<void> playing = play();
    co_await net::both(std::move(reading), std::move(playing));
    judge();
  } else if (connection_ && connection_->stream && !seen_.raw.aborted) {
    connection_->stream->close();
  }
  co_return finish();
}

net::Task<void> RawExchange::read() {
  while (true) {
    std::string bytes = co_await receive();
    if (bytes.empty()) break;
    take_in(std::move(bytes));
    changed_.notify();
  }
  reading_ended_ = true;
  if (ended_cleanly_ && reader_ && !reader_->done()) {
    reader_->finish();
    look_at_reader();
  }
  changed_.notify();
}

net::Task<void> RawExchange::play() {
  for (std::size_t at = 0; at < spec_.moves.size() && !closed_here_; ++at) {
    const Move& move = spec_.moves[at];
    const bool done = co_await perform(move);
    if (done) continue;
    seen_.unmet = fmt::format("move {} ({})", at + 1, name_of(move.kind));
    break;
  }
  script_over_ = seen_.unmet.empty();
  if (seen_.raw.phase == Phase::request) seen_.raw.phase = Phase::head;
  while (!reading_ended_ && !finished()) static_cast<void>(co_await changed_.wait());
  if (!closed_here_ && !seen_.raw.aborted) {
    closed_here_ = true;
    connection_->stream->close();
  }
}

net::Task<bool> RawExchange::perform(const Move& move) {
  switch (move.kind) {
    case Move::Kind::send:
      co_return co_await send_chunks(move);
    case Move::Kind::await:
      co_return co_await await(move);
    case Move::Kind::half_close:
      connection_->stream->shutdown_write();
      co_return true;
    case Move::Kind::close:
    case Move::Kind::reset:
      end_itself(move.kind == Move::Kind::reset);
      co_return true;
    default:
      co_return co_await expect(move);
  }
}

net::Task<bool> RawExchange::send_chunks(const Move& move) {
  std::string_view rest = move.bytes;
  const std::size_t most = move.chunk > 0 ? move.chunk : std::max<std::size_t>(rest.size(), 1);
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, most);
    const bool sent = co_await send(piece);
    if (!sent) co_return false;
    note_sent(piece);
    rest.remove_prefix(piece.size());
    const bool waits = !rest.empty() && move.gap.count() > 0;
    if (!waits) continue;
    const base::TimePoint until = context_.clock.now() + move.gap;
    co_await context_.clock.sleep_until(std::min(until, deadline_));
  }
  co_return true;
}

net::Task<bool> RawExchange::await(const Move& move) {
  const bool happened =
      co_await journal::wait_for(context_.journal, move.selector, deadline_, context_.clock);
  if (!happened && !seen_.raw.aborted) seen_.raw.timed_out = true;
  co_return happened;
}

net::Task<bool> RawExchange::expect(const Move& move) {
  while (!met(move)) {
    if (reading_ended_ || seen_.raw.malformed) co_return false;
    static_cast<void>(co_await changed_.wait());
  }
  co_return true;
}

bool RawExchange::met(const Move& move) {
  if (move.kind == Move::Kind::expect_eof) {
    return reading_ended_ && !seen_.raw.timed_out && !seen_.raw.aborted;
  }
  if (move.kind == Move::Kind::expect_text) {
    const auto at = text_.find(move.bytes);
    if (at == std::string::npos) return false;
    text_.erase(0, at + move.bytes.size());
    return true;
  }
  std::uint64_t heads = heads_;
  if (reader_) heads += reader_->interim().size() + (reader_->head_done() ? 1 : 0);
  if (heads <= heads_expected_) return false;
  ++heads_expected_;
  return true;
}

// A script that finds the connection ended hasn't ended it.
void RawExchange::end_itself(bool with_reset) {
  seen_.raw.script_done = !seen_.raw.peer_ended && !seen_.raw.timed_out;
  closed_here_ = true;
  if (with_reset) {
    connection_->stream->abort();
  } else {
    connection_->stream->close();
  }
}

void RawExchange::take_in(std::string bytes) {
  if (keeps_text_) text_ += bytes;
  while (!bytes.empty() && !opaque_ && !seen_.raw.malformed) {
    if (!reader_ || reader_->done()) {
      // What comes through a tunnel is HTTP only if a request was sent into it.
      opaque_ = tunnels_ && methods_.size() <= answers_;
      if (opaque_) break;
      if (reader_) heads_ += reader_->interim().size() + 1;
      if (reader_) next_answer();
      const std::string method = answers_ < methods_.size() ? methods_[answers_] : std::string();
      reader_.emplace(HttpReader::Kind::answer, method);
      seen_.raw.phase = Phase::head;
      took(bytes);
    }
    reader_->feed(bytes);
    bytes.clear();
    look_at_reader();
    if (reader_->state() == HttpReader::State::complete) bytes = reader_->take_leftover();
  }
}

void RawExchange::look_at_reader() {
  if (reader_->head_done()) seen_.raw.phase = Phase::body;
  if (reader_->head_done()) look_at_answer(*reader_);
  if (reader_->state() == HttpReader::State::malformed) seen_.raw.malformed = true;
  if (reader_->state() != HttpReader::State::complete) return;
  const std::string method = answers_ < methods_.size() ? methods_[answers_] : std::string();
  ++answers_;
  seen_.raw.phase = Phase::done;
  const int status = reader_->message().status;
  opaque_ = status == 101;
  tunnels_ = tunnels_ || (method == "CONNECT" && status / 100 == 2);
}

// Which requests went out, as far as they can be read, so that their answers can be.
void RawExchange::note_sent(std::string_view bytes) {
  sent_.feed(bytes);
  while (sent_.head_done()) {
    if (!sent_head_noted_) methods_.push_back(sent_.message().method);
    sent_head_noted_ = true;
    if (sent_.state() != HttpReader::State::complete) return;
    ++requests_;
    const std::string rest = sent_.take_leftover();
    sent_ = HttpReader(HttpReader::Kind::request);
    sent_head_noted_ = false;
    sent_.feed(rest);
  }
}

bool RawExchange::answers_whole() const {
  const bool whole = reader_ && reader_->state() == HttpReader::State::complete;
  return whole && answers_ >= std::max<std::uint64_t>(requests_, 1);
}

bool RawExchange::finished() const {
  if (closed_here_ || seen_.raw.malformed || seen_.raw.aborted) return true;
  if (!script_over_ || !answers_whole()) return false;
  // Who says that he will end the connection may say more before: then the end is waited for.
  return opaque_ || reader_->keeps_alive();
}

void RawExchange::judge() {
  if (!reader_) return;
  const Phase phase = seen_.raw.phase;
  judge_answer(*reader_);
  seen_.raw.phase = phase;
  // The end that was announced needn't come in time.
  if (script_over_ && answers_whole()) seen_.raw.timed_out = false;
  seen_.raw.script_unmet = !script_over_;
}

}  // namespace sallyport::sim::agents
