#include "simulator/providers/raw_script.h"

#include <utility>

namespace sallyport::sim::providers {

net::Task<bool> RawScript::run(const std::vector<Move>& moves) {
  Connection& connection = on_.connection();
  for (const Move& move : moves) {
    bool goes_on = true;
    switch (move.kind) {
      case Move::Kind::send:
        goes_on = co_await send(move);
        break;
      case Move::Kind::await: {
        journal::Selector until = on_.selector(move.selector);
        goes_on = co_await connection.hold(std::move(until));
        break;
      }
      case Move::Kind::half_close:
        connection.half_close();
        break;
      case Move::Kind::close:
        connection.close();
        co_return false;
      case Move::Kind::reset:
        co_await connection.settle();
        connection.reset();
        co_return false;
      default:
        goes_on = co_await expect(move);
        break;
    }
    if (!goes_on) co_return false;
  }
  co_return true;
}

net::Task<bool> RawScript::send(const Move& move) {
  Connection& connection = on_.connection();
  const std::string bytes = on_.text(move.bytes);
  if (!on_.response_noted()) {
    wire::HttpReader reader(wire::HttpReader::Kind::answer, on_.request().message.method);
    reader.feed(bytes);
    on_.note_response(reader.message().status);  // 0 when what is sent is no head
  }
  std::string_view rest = bytes;
  const std::size_t most = move.chunk > 0 ? move.chunk : bytes.size();
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, most);
    const bool sent = co_await connection.send(piece);
    if (!sent) co_return false;
    rest.remove_prefix(piece.size());
    if (rest.empty()) break;
    const bool waited = co_await connection.pause(move.gap);
    if (!waited) co_return false;
  }
  co_return true;
}

net::Task<bool> RawScript::expect(const Move& move) {
  Connection& connection = on_.connection();
  // The first head to expect is the one that asked for this script.
  if (move.kind == Move::Kind::expect_head && !std::exchange(own_head_met_, true)) co_return true;
  const std::string wanted =
      move.kind == Move::Kind::expect_head ? "\r\n\r\n" : on_.text(move.bytes);
  while (true) {
    std::string& inbox = connection.inbox();
    if (move.kind == Move::Kind::expect_eof) {
      if (connection.peer_ended()) co_return true;
    } else if (const auto at = inbox.find(wanted); at != std::string::npos) {
      inbox.erase(0, at + wanted.size());
      co_return true;
    } else if (connection.peer_ended()) {
      co_return false;
    }
    if (connection.broken()) co_return false;
    co_await connection.changed();
  }
}

}  // namespace sallyport::sim::providers
