// The harness's own eyes on server-sent events: whole events out of octets, wherever they were cut.
// Pure; one reader a stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim::wire {

struct SseEvent {
  std::string name;       // of `event:`, if any
  std::string data;       // `data:` lines joined by newlines
  bool error = false;     // named `error`, or its data is a JSON object with a member `error`
  bool terminal = false;  // `[DONE]`, `message_stop`, `response.completed`
};

class SseReader {
 public:
  // Whole events that these octets finish, in order. Comments and empty events give none.
  [[nodiscard]] std::vector<SseEvent> feed(std::string_view bytes);

  [[nodiscard]] std::uint64_t count() const { return count_; }  // whole events but error events
  // How the stream would count as ended now: `terminal`, `missing`, `error` or `partial`.
  [[nodiscard]] std::string end() const;

 private:
  void line(std::string_view text, std::vector<SseEvent>& out);

  std::string buffer_;
  SseEvent event_;
  bool any_data_ = false;      // of the event that isn't whole yet
  bool any_line_ = false;      // of the event that isn't whole yet
  bool unknown_line_ = false;  // one of them is no field
  bool broken_ = false;        // some event had only such lines
  bool error_ = false;
  bool terminal_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace sallyport::sim::wire
