#include "simulator/providers/event_source.h"

#include <algorithm>

#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers {

EventSource::EventSource(const Answering& on, const SseSpec& sse, Answer::Encoding encoding)
    : stream_(dialect_stream(on.spec(), on.request(), on.now_s())),
      count_(sse.texts.empty() ? sse.events : sse.texts.size()),
      terminal_(sse.terminal),
      encoder_(Encoder::make(encoding)) {
  for (const auto& text : sse.texts) texts_.push_back(on.text(text));
}

std::optional<EventSource::Event> EventSource::next() {
  const std::uint64_t number = given_ + 1;
  StreamEvent event;
  if (number <= count_) {
    event = texts_.empty() ? stream_.at(number, count_) : StreamEvent{{}, texts_[number - 1]};
  } else if (terminal_ && number == count_ + 1) {
    event = stream_.last(count_);
  } else {
    return std::nullopt;
  }
  ++given_;
  Event made;
  made.number = number;
  made.wire = encoder_->put(wire_form(stream_.form, event));
  made.data = std::move(event.data);
  return made;
}

std::string_view EventSource::content_type() const { return providers::content_type(stream_.form); }

std::optional<std::uint64_t> stream_length(const Answering& on, const SseSpec& sse,
                                           Answer::Encoding encoding) {
  if (sse.texts.empty() && sse.events > kCountableEvents) return std::nullopt;
  EventSource source(on, sse, encoding);
  std::uint64_t length = 0;
  while (const auto event = source.next()) {
    if (sse.cut && sse.cut->how == CutHow::clean && sse.cut->event == event->number) {
      return length + std::min<std::uint64_t>(event->wire.size(), sse.cut->offset);
    }
    length += event->wire.size();
  }
  return length + source.finish().size();
}

}  // namespace sallyport::sim::providers
