// The events of one streamed answer as they go onto the wire: texts of the scenario or the
// dialect's, encoded, and each made when it is asked for. Internal to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/providers/answering.h"
#include "simulator/providers/encoding.h"
#include "simulator/providers/stream.h"

namespace sallyport::sim::providers {

class EventSource {
 public:
  EventSource(const Answering& on, const SseSpec& sse, Answer::Encoding encoding);

  struct Event {
    std::uint64_t number = 0;  // from 1, the terminal one included
    std::string data;          // as a reader gets it
    std::string wire;
  };
  // Nothing after the last.
  [[nodiscard]] std::optional<Event> next();
  // What an encoding ends with. After the last event, once.
  [[nodiscard]] std::string finish() { return encoder_->finish(); }
  [[nodiscard]] std::string_view content_type() const;

 private:
  Stream stream_;
  std::vector<std::string> texts_;  // empty: the dialect's
  std::uint64_t count_;             // the terminal one aside
  bool terminal_;
  std::uint64_t given_ = 0;
  std::unique_ptr<Encoder> encoder_;
};

// More of them than this are too many to be counted before they are sent.
inline constexpr std::uint64_t kCountableEvents = 100'000;

// Octets of the whole stream, or as far as a `clean` cut leaves it; nothing when there are too many
// events.
[[nodiscard]] std::optional<std::uint64_t> stream_length(const Answering& on, const SseSpec& sse,
                                                         Answer::Encoding encoding);

}  // namespace sallyport::sim::providers
