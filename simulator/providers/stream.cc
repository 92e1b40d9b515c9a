#include "simulator/providers/stream.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::sim::providers {

struct Stream::Parts {
  std::uint64_t before, pieces, after;
};

Stream::Parts Stream::parts(std::uint64_t count) const {
  const std::uint64_t before = std::min<std::uint64_t>(opening.size(), count);
  const std::uint64_t rest = count - before;
  const std::uint64_t after = rest > 1 ? std::min(closings, rest - 1) : 0;
  return {before, rest - after, after};
}

StreamEvent Stream::placed(StreamEvent event, std::uint64_t number) const {
  if (numbered) event.data.insert(1, fmt::format("\"sequence_number\":{},", number - 1));
  return event;
}

StreamEvent Stream::at(std::uint64_t number, std::uint64_t count) const {
  const Parts has = parts(count);
  if (number <= has.before) return placed(opening[number - 1], number);
  if (number > has.before + has.pieces) {
    return placed(closing(number - has.before - has.pieces - 1, has.pieces), number);
  }
  Piece which;
  which.number = number - has.before;
  which.of = has.pieces;
  return placed(piece(which), number);
}

StreamEvent Stream::last(std::uint64_t count) const {
  return placed(terminal(parts(count).pieces), count + 1);
}

std::string piece_text(const std::string& answer, std::uint64_t number) {
  return number == 1 ? answer : fmt::format(" {}", number);
}

std::string all_text(const std::string& answer, std::uint64_t pieces) {
  constexpr std::uint64_t kPiecesMax = 1000;
  std::string all;
  for (std::uint64_t number = 1; number <= std::min(pieces, kPiecesMax); ++number) {
    all += piece_text(answer, number);
  }
  return all;
}

std::string wire_form(Stream::Form form, const StreamEvent& event) {
  if (form == Stream::Form::lines) return event.data + "\n";
  std::string out;
  if (!event.name.empty()) out = "event: " + event.name + "\n";
  out += "data: ";
  for (const char c : event.data) {
    out += c;
    if (c == '\n') out += "data: ";
  }
  return out + "\n\n";
}

std::string_view content_type(Stream::Form form) {
  return form == Stream::Form::lines ? "application/x-ndjson" : "text/event-stream";
}

}  // namespace sallyport::sim::providers
