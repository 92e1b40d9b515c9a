// Scripts of moves: of raw bytes, and of a WebSocket's peer.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using wire::Move;
using wire::WebSocketMove;

struct Word {
  std::string_view name;
  Move::Kind kind;
};
constexpr std::array<Word, 3> kWords{{{"half_close", Move::Kind::half_close},
                                      {"close", Move::Kind::close},
                                      {"reset", Move::Kind::reset}}};
// What RFC 6455 lets stand in a close frame, and what its registry leaves to others.
constexpr std::uint64_t kCloseLeast = 1000;
constexpr std::uint64_t kCloseMost = 4999;

std::optional<std::string> from_hex(std::string_view text) {
  std::string out;
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    digits += static_cast<char>(digit);
  }
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    out += static_cast<char>(digits[i] * 16 + digits[i + 1]);
  }
  return out;
}

std::string decode_hex(Reader& reader) {
  const auto bytes = from_hex(reader.text("hex"));
  if (!bytes) reader.complaints().at(reader.self(), "\"hex\" is pairs of 0-9a-f");
  return bytes.value_or("");
}

void decode_send(Reader& reader, Move& move) {
  move.kind = Move::Kind::send;
  move.bytes = reader.has("hex") ? decode_hex(reader) : reader.text("send");
  if (const Node* chunk = reader.get("chunk")) move.chunk = as_octets(*chunk, reader.complaints());
  move.gap = reader.duration("gap", base::Duration(0));
}

std::optional<Move> word_move(const Node& node, Context& context) {
  const std::span<const Word> words(kWords);
  const auto word = as_word(node, names_of(words), "a move", context.complaints);
  if (!word) return std::nullopt;
  Move move;
  move.kind = find_by_name(words, *word)->kind;
  return move;
}

// A move is one thing; `send` and `hex` have fields beside them.
template <std::size_t N>
bool is_one(const Reader& reader, const std::array<std::string_view, N>& kinds,
            std::string_view form, Complaints& complaints) {
  const auto found = std::count_if(kinds.begin(), kinds.end(),
                                   [&](std::string_view kind) { return reader.has(kind); });
  if (found == 1) return true;
  complaints.at(reader.self(),
                found == 0 ? std::string(form) : "a move is one thing; write a move for each");
  return false;
}

std::optional<Move> decode_move(const Node& node, Context& context) {
  if (node.is_scalar()) return word_move(node, context);
  Reader reader(node, keys::move(), context.complaints);
  constexpr std::array<std::string_view, 4> kKinds{"send", "hex", "expect", "await"};
  Move move;
  const bool sends = reader.has("send") || reader.has("hex");
  constexpr std::string_view kForm =
      "a move is {send}, {hex}, {expect}, {await}, half_close, close or reset";
  if (!is_one(reader, kKinds, kForm, context.complaints)) return std::nullopt;
  for (const char* key : {"chunk", "gap"}) {
    if (sends || !reader.has(key)) continue;
    context.complaints.at(*reader.get(key), fmt::format("\"{}\" is of what is sent", key));
  }
  if (sends) {
    decode_send(reader, move);
  } else if (reader.has("expect")) {
    move.bytes = reader.text("expect");
    move.kind = Move::Kind::expect_text;
    if (move.bytes == "head") move.kind = Move::Kind::expect_head;
    if (move.bytes == "eof") move.kind = Move::Kind::expect_eof;
  } else {
    move.kind = Move::Kind::await;
    move.selector = decode_selector(*reader.get("await"), SelectorUse::trigger, context);
  }
  return move;
}

void decode_split(Reader& reader, WebSocketMove& move, Complaints& complaints) {
  const Node* split = reader.get("split");
  if (split == nullptr) return;
  if (!split->is_list()) complaints.at(*split, "\"split\" is a list of offsets");
  for (const NodePtr& item : split->items) {
    const auto offset = as_integer(*item, complaints);
    if (!offset) continue;
    if (!move.split.empty() && *offset < move.split.back()) {
      complaints.at(*item, "offsets of a \"split\" ascend");
    }
    // What a variable stands for isn't known yet.
    const bool known = move.bytes.find("$(") == std::string::npos;
    if (known && *offset > move.bytes.size()) {
      complaints.at(*item, fmt::format("the message has {} octets", move.bytes.size()));
    }
    move.split.push_back(*offset);
  }
}

void decode_message(Reader& reader, WebSocketMove& move, Context& context) {
  const Node& sent = *reader.get("send");
  if (sent.is_map()) {
    Reader bytes(sent, keys::websocket_bytes(), context.complaints);
    bytes.require("hex");
    move.bytes = decode_hex(bytes);
    move.binary = true;
  } else {
    move.bytes = as_text(sent, context.complaints).value_or("");
  }
  decode_split(reader, move, context.complaints);
}

void decode_close(const Node& node, WebSocketMove& move, Complaints& complaints) {
  const std::uint64_t code = as_integer(node, complaints).value_or(kCloseLeast);
  if (code < kCloseLeast || code > kCloseMost) {
    complaints.at(node, fmt::format("a close code is {} to {}", kCloseLeast, kCloseMost));
  }
  move.code = static_cast<std::uint16_t>(code);
}

std::optional<WebSocketMove> websocket_word(const Node& node, Peer peer, Context& context) {
  constexpr std::array<std::string_view, 2> kOfAnAnswer{"reset", "echo"};
  const Words words = peer == Peer::answer ? Words(kOfAnAnswer) : Words(kOfAnAnswer).first(1);
  if (peer == Peer::client && node.is_word("echo")) {
    context.complaints.at(node, "only an answer echoes; a client sends what it means to");
    return std::nullopt;
  }
  const auto word = as_word(node, words, "a move", context.complaints);
  if (!word) return std::nullopt;
  WebSocketMove move;
  move.kind = *word == "echo" ? WebSocketMove::Kind::echo : WebSocketMove::Kind::reset;
  return move;
}

std::optional<WebSocketMove> websocket_move(const Node& node, Peer peer, Context& context) {
  if (node.is_scalar()) return websocket_word(node, peer, context);
  Reader reader(node, keys::websocket_move(), context.complaints);
  constexpr std::array<std::string_view, 5> kKinds{"send", "ping", "expect", "await", "close"};
  constexpr std::string_view kForm =
      "a move of a WebSocket is {send}, {ping}, {expect}, {await}, {close}, reset, or an answer's "
      "echo";
  if (!is_one(reader, kKinds, kForm, context.complaints)) return std::nullopt;
  WebSocketMove move;
  if (reader.has("send")) {
    decode_message(reader, move, context);
  } else if (reader.has("ping")) {
    move.kind = WebSocketMove::Kind::ping;
    move.bytes = reader.text("ping");
  } else if (const Node* expect = reader.get("expect")) {
    move.kind = WebSocketMove::Kind::expect;
    move.matcher = decode_matcher(*expect, Field{"text", Type::text, {}}, context);
  } else if (const Node* await = reader.get("await")) {
    move.kind = WebSocketMove::Kind::await;
    move.selector = decode_selector(*await, SelectorUse::trigger, context);
  } else {
    move.kind = WebSocketMove::Kind::close;
    decode_close(*reader.get("close"), move, context.complaints);
  }
  if (const Node* split = reader.get("split"); split != nullptr && !reader.has("send")) {
    context.complaints.at(*split, "\"split\" is of a message that is sent");
  }
  return move;
}

}  // namespace

std::vector<Move> decode_moves(const Node& node, Context& context) {
  std::vector<Move> moves;
  if (!node.is_list()) context.complaints.at(node, "a script is a list of moves");
  for (const NodePtr& item : node.items) {
    if (auto move = decode_move(*item, context)) moves.push_back(std::move(*move));
  }
  return moves;
}

std::vector<WebSocketMove> decode_websocket_moves(const Node& node, Peer peer, Context& context) {
  std::vector<WebSocketMove> moves;
  if (!node.is_list()) context.complaints.at(node, "a script is a list of moves");
  for (const NodePtr& item : node.items) {
    if (!moves.empty() && moves.back().kind == WebSocketMove::Kind::echo) {
      context.complaints.at(*item, "\"echo\" goes on to the end, so nothing comes after it");
    }
    if (auto move = websocket_move(*item, peer, context)) moves.push_back(std::move(*move));
  }
  return moves;
}

}  // namespace sallyport::sim::scenario
