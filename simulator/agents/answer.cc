// What an exchange makes of the answers that come: who made them, what they say, how they end.

#include "reference/net/clock.h"
#include "simulator/agents/exchange.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::agents {
namespace {

using wire::HttpReader;

SseEnd end_of(const wire::SseReader& reader) {
  const std::string end = reader.end();
  if (end == "terminal") return SseEnd::terminal;
  if (end == "error") return SseEnd::error;
  return end == "partial" ? SseEnd::partial : SseEnd::missing;
}

}  // namespace

void Exchange::look_at_answer(const HttpReader& reader) {
  if (!answer_noted_) {
    answer_noted_ = true;
    const wire::HttpMessage& message = reader.message();
    seen_.answer = message;
    note_answerer();
    const auto* type = wire::find_header(message.headers, "content-type");
    is_sse_ = type != nullptr && type->starts_with("text/event-stream");
    Facts fields;
    fields["status"] = std::int64_t{message.status};
    fields["headers"] = message.headers;
    note("response", std::move(fields));
  }
  if (is_sse_) look_at_events(reader);
}

void Exchange::look_at_events(const HttpReader& reader) {
  const std::string& body = reader.message().body;
  const auto events = sse_.feed(std::string_view(body).substr(sse_fed_));
  sse_fed_ = body.size();
  for (const auto& event : events) {
    Facts fields;
    fields["data"] = event.data;
    fields["error"] = std::string(event.error ? "true" : "false");
    note("sse", std::move(fields));
  }
}

void Exchange::judge_answer(const HttpReader& reader) {
  if (reader.head_done()) look_at_answer(reader);
  seen_.complete = reader.state() == HttpReader::State::complete;
  const bool leftover =
      seen_.complete && !reader.leftover().empty() && reader.message().status != 101;
  seen_.raw.malformed = reader.state() == HttpReader::State::malformed || leftover;
  seen_.raw.framing_complete = seen_.complete;
  if (seen_.complete) seen_.raw.phase = Phase::done;
  if (reader.head_done()) seen_.answer = reader.message();
  if (is_sse_) {
    seen_.sse_count = sse_.count();
    seen_.raw.sse_end = end_of(sse_);
  }
}

void Exchange::next_answer() {
  answer_noted_ = false;
  seen_.answered_by.clear();
  seen_.sse_count.reset();
  seen_.raw.sse_end = SseEnd::none;
  sse_ = wire::SseReader();
  sse_fed_ = 0;
  is_sse_ = false;
  seen_.first_byte.reset();
  seen_.longest_gap = base::Duration{0};
  last_byte_.reset();
}

Seen Exchange::finish() {
  seen_.ended = context_.clock.now();
  if (seen_.answered_by.empty() && seen_.answer) note_answerer();
  return std::move(seen_);
}

std::string Exchange::provider_that_answered() const {
  std::string name;
  std::string perhaps;  // an answer whose step couldn't be told
  const auto& events = context_.journal.events();
  for (std::size_t at = first_event_; at < events.size(); ++at) {
    const journal::Event& event = events[at];
    const bool answers = event.kind == "response" || event.kind == "upgrade";
    if (!answers || event.source_type != "provider") continue;
    // A provider may be the way itself.
    if (context_.via && event.source == context_.via->name) continue;
    // A step may have several exchanges under way.
    const auto nonce = event.fields.find("nonce");
    if (nonce != event.fields.end()) {
      if (nonce->second == journal::Value(context_.nonce)) name = event.source;
      continue;
    }
    if (event.step == context_.step) name = event.source;
    if (event.step.empty()) perhaps = event.source;
  }
  return name.empty() ? perhaps : name;
}

// Who made the head: a provider that answered for this exchange, else the way, else the peer.
void Exchange::note_answerer() {
  seen_.raw.status = seen_.answer->status;
  const std::string provider = refused_tunnel_ ? std::string() : provider_that_answered();
  if (!provider.empty()) {
    seen_.answered_by = provider;
    seen_.raw.head_by = HeadMaker::origin;
  } else if (context_.via) {
    seen_.answered_by = context_.via->name;
    seen_.raw.head_by = HeadMaker::supervisor;
  } else {
    if (context_.actor_at) seen_.answered_by = context_.actor_at(connection_->peer);
    if (seen_.answered_by.empty()) seen_.answered_by = "peer";
    seen_.raw.head_by = HeadMaker::origin;
  }
}

void Exchange::note(std::string kind, Facts fields) {
  journal::Event event;
  event.source = context_.step;
  event.source_type = "step";
  event.step = context_.step;
  event.kind = std::move(kind);
  event.connection = seen_.connection;
  event.fields = std::move(fields);
  event.fields["nonce"] = context_.nonce;
  context_.journal.append(std::move(event));
}

}  // namespace sallyport::sim::agents
