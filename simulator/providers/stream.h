// A dialect's streamed answer as a row of events that are made when they are asked for, so that an
// endless one costs nothing. Pure; internal to this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim::providers {

struct StreamEvent {
  std::string name;  // of `event:`; empty: no such line
  std::string data;
};

// One of the events that carry the answer's text.
struct Piece {
  std::uint64_t number = 1;  // from 1
  std::uint64_t of = 1;
};

struct Stream {
  enum class Form { sse, lines };  // lines: a JSON object each (NDJSON)
  Form form = Form::sse;
  bool numbered = false;             // each object says its place, from 0 (`sequence_number`)
  std::vector<StreamEvent> opening;  // before the pieces
  std::function<StreamEvent(Piece)> piece;
  // After so many pieces: the closing events, `which` from 0, and the dialect's last word.
  std::uint64_t closings = 0;
  std::function<StreamEvent(std::uint64_t which, std::uint64_t pieces)> closing;
  std::function<StreamEvent(std::uint64_t pieces)> terminal;

  // The event NUMBER (from 1) of COUNT, the terminal one not counted: the opening comes first as
  // far as there is room, then at least one piece, then as much of the closing as there is room.
  [[nodiscard]] StreamEvent at(std::uint64_t number, std::uint64_t count) const;
  // The terminal event after COUNT others.
  [[nodiscard]] StreamEvent last(std::uint64_t count) const;

 private:
  struct Parts;  // how many of COUNT are what
  [[nodiscard]] Parts parts(std::uint64_t count) const;
  [[nodiscard]] StreamEvent placed(StreamEvent event, std::uint64_t number) const;
};

// The text of the piece NUMBER: the whole answer, then a number each.
[[nodiscard]] std::string piece_text(const std::string& answer, std::uint64_t number);
// The texts of so many pieces; of more than a thousand, the first thousand.
[[nodiscard]] std::string all_text(const std::string& answer, std::uint64_t pieces);

// As it stands on the wire, before any encoding.
[[nodiscard]] std::string wire_form(Stream::Form form, const StreamEvent& event);
[[nodiscard]] std::string_view content_type(Stream::Form form);

}  // namespace sallyport::sim::providers
