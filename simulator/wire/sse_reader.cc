#include "simulator/wire/sse_reader.h"

#include <rapidjson/document.h>

namespace sallyport::sim::wire {
namespace {

// What an event's data, if it is a JSON object, says about it.
void judge(SseEvent& event) {
  event.error = event.name == "error";
  event.terminal =
      event.data == "[DONE]" || event.name == "message_stop" || event.name == "response.completed";
  if (!event.data.starts_with('{')) return;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(event.data.data(), event.data.size());
  if (document.HasParseError() || !document.IsObject()) return;
  const auto error = document.FindMember("error");
  if (error != document.MemberEnd() && !error->value.IsNull()) event.error = true;
  const auto type = document.FindMember("type");
  if (type == document.MemberEnd() || !type->value.IsString()) return;
  const std::string_view text(type->value.GetString(), type->value.GetStringLength());
  if (text == "message_stop" || text == "response.completed") event.terminal = true;
  if (text == "error") event.error = true;
}

}  // namespace

std::vector<SseEvent> SseReader::feed(std::string_view bytes) {
  std::vector<SseEvent> out;
  buffer_.append(bytes);
  std::size_t from = 0;
  for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n', from)) {
    std::string_view text = std::string_view(buffer_).substr(from, end - from);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    line(text, out);
    from = end + 1;
  }
  buffer_.erase(0, from);
  return out;
}

void SseReader::line(std::string_view text, std::vector<SseEvent>& out) {
  if (text.empty()) {
    if (any_data_) {
      judge(event_);
      error_ = error_ || event_.error;
      terminal_ = terminal_ || event_.terminal;
      if (!event_.error) ++count_;
      out.push_back(std::move(event_));
    } else if (unknown_line_) {
      broken_ = true;  // the stump of an event that something else was written over
    }
    event_ = SseEvent{};
    any_data_ = any_line_ = unknown_line_ = false;
    return;
  }
  if (text.front() == ':') return;
  any_line_ = true;
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (any_data_) event_.data += '\n';
    event_.data.append(value);
    any_data_ = true;
  } else if (field == "event") {
    event_.name = std::string(value);
  } else if (field != "id" && field != "retry") {
    unknown_line_ = true;
  }
}

std::string SseReader::end() const {
  if (error_) return "error";
  if (broken_ || any_line_ || !buffer_.empty()) return "partial";
  return terminal_ ? "terminal" : "missing";
}

}  // namespace sallyport::sim::wire
