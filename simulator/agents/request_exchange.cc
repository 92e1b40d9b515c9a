#include "simulator/agents/request_exchange.h"

#include <array>

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;

// A FIN, with a close_notify or without.
bool ended_well(const base::Error& error) {
  return error == net::StreamErrc::end_of_stream || error == net::StreamErrc::truncated;
}

Target target_of(const RequestSpec& spec) { return {spec.url, spec.adapter, spec.tls, spec.abort}; }

}  // namespace

RequestExchange::RequestExchange(RequestSpec spec, ClientContext& context)
    : Exchange(target_of(spec), context), spec_(std::move(spec)) {}

net::Task<Seen> RequestExchange::run() {
  bool going = may_begin();
  if (going && !reuse()) {
    going = !seen_.raw.kept_connection_ended;
    if (going) going = co_await open();
  }
  if (going) {
    const RequestText text = request_text(spec_, *url_, absolute(), context_.nonce);
    HttpReader reader(HttpReader::Kind::answer, text.method);
    took(connection_->early);
    reader.feed(connection_->early);
    connection_->early.clear();
    const bool sent = co_await send_request(text, reader);
    if (sent) co_await read_answer(reader);
    keep_or_close(reader);
  } else if (connection_ && connection_->stream && !seen_.raw.aborted) {
    connection_->stream->close();
  }
  co_return finish();
}

bool RequestExchange::reuse() {
  if (spec_.connection.empty() || context_.pool == nullptr) return false;
  connection_ = context_.pool->take(spec_.connection);
  if (!connection_ || connection_->bound_to != binding()) {
    connection_ = nullptr;
    return false;
  }
  std::array<std::byte, 4096> piece;  // NOLINT: filled before it is read
  const auto got = connection_->stream->try_read(piece);
  if (!got && spec_.reconnects && ended_well(got.error())) {
    connection_->stream->close();
    connection_ = nullptr;
    return false;
  }
  seen_.reused = true;
  seen_.connection = connection_->id;
  seen_.http_connect = connection_->http_connect;
  seen_.tls_verify = connection_->tls_verify;
  seen_.raw.phase = Phase::request;
  if (got) {
    connection_->early.assign(reinterpret_cast<const char*>(piece.data()), *got);
  } else if (got.error() != net::StreamErrc::would_block) {
    seen_.raw.kept_connection_ended = true;
    ended(got.error());
    return false;
  }
  connection_->stream->set_deadline(deadline_);
  return true;
}

net::Task<bool> RequestExchange::send_request(const RequestText& text, HttpReader& reader) {
  seen_.raw.phase = Phase::request;
  const bool waits = spec_.expect_continue && !text.body.empty();
  const std::string first = waits ? text.head : text.head + text.body;
  bool sent = co_await send(first);
  if (waits && sent) {
    while (reader.interim().empty() && !reader.head_done() && !reader.done()) {
      const bool more = co_await take(reader);
      if (!more) break;
    }
    // A final answer instead of `100 Continue` means that the body isn't wanted.
    if (!reader.interim().empty()) sent = co_await send(text.body);
  }
  // What couldn't be sent may have been answered all the same.
  co_return !seen_.raw.timed_out && !seen_.raw.aborted;
}

net::Task<void> RequestExchange::read_answer(HttpReader& reader) {
  seen_.raw.phase = Phase::head;
  while (true) {
    if (reader.head_done()) {
      seen_.raw.phase = Phase::body;
      look_at_answer(reader);
    }
    if (reader.done() || seen_.raw.aborted) break;
    const bool more = co_await take(reader);
    if (!more) break;
  }
  judge_answer(reader);
}

void RequestExchange::keep_or_close(const HttpReader& reader) {
  const bool whole = seen_.complete && !seen_.raw.malformed && !seen_.raw.aborted;
  const bool keeps = !spec_.connection.empty() && context_.pool != nullptr && whole &&
                     reader.keeps_alive() && !seen_.raw.peer_ended;
  if (keeps) {
    connection_->stream->set_deadline(base::TimePoint::max());
    context_.pool->put(spec_.connection, std::move(connection_));
  } else if (!seen_.raw.aborted) {
    connection_->stream->close();
  }
}

}  // namespace sallyport::sim::agents
