// Providers, their answers and stream scripts.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using providers::Answer;
using providers::CutHow;
using providers::Move;
using providers::ProviderSpec;
using providers::SseSpec;

constexpr std::array<std::string_view, 4> kHows{"reset", "fin", "clean", "stall"};
constexpr std::array<std::string_view, 3> kFramings{"length", "chunked", "close"};
constexpr std::array<std::string_view, 2> kDialects{"openai", "plain"};
constexpr std::array<std::string_view, 3> kDialectsLater{"anthropic", "ollama", "proxy"};
constexpr std::array<std::string_view, 8> kTls{"none",          "valid",      "expired",
                                               "not_yet_valid", "wrong_name", "unknown_issuer",
                                               "self_signed",   "stall"};
constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                   "DELETE", "OPTIONS", "CONNECT", "TRACE"};

template <std::size_t N>
int index_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? 0 : static_cast<int>(found - words.begin());
}

CutHow decode_how(Reader& reader) {
  return static_cast<CutHow>(index_of(kHows, reader.word("how", kHows, "reset")));
}

void decode_events(Reader& reader, SseSpec& sse) {
  const Node* events = reader.get("events");
  if (events == nullptr) return;
  if (events->is_list()) {
    sse.texts = as_texts(*events, reader.complaints());
    sse.events = sse.texts.size();
  } else if (const auto number = as_integer(*events, reader.complaints())) {
    sse.events = *number;
  }
}

void decode_sse_hold(Reader& reader, SseSpec& sse, Context& context) {
  const Node* hold = reader.get("hold");
  if (hold == nullptr) return;
  Reader inner(*hold, "a hold", context.complaints);
  SseSpec::Hold out;
  inner.require("event");
  out.event = inner.integer("event", 1, 1);
  if (const Node* until = inner.require("until")) {
    out.until = decode_selector(*until, SelectorUse::trigger, context);
  }
  inner.finish();
  sse.hold = std::move(out);
}

void decode_sse_cut(Reader& reader, SseSpec& sse, Context& context) {
  const Node* cut = reader.get("cut");
  if (cut == nullptr) return;
  Reader inner(*cut, "a cut", context.complaints);
  SseSpec::Cut out;
  inner.require("event");
  out.event = inner.integer("event", 1, 1);
  const Node* offset = inner.get("offset");
  // An offset is a count of octets; here a bare integer reads best, and a size says the same.
  const bool bare = offset != nullptr && offset->is_scalar() && !offset->text.ends_with('B');
  out.offset = bare ? inner.integer("offset", 0) : inner.size("offset", 0);
  out.how = decode_how(inner);
  inner.finish();
  sse.cut = out;
}

void decode_body_cut(Reader& reader, Answer& answer, Context& context) {
  const Node* cut = reader.get("cut");
  if (cut == nullptr) return;
  Reader inner(*cut, "a cut", context.complaints);
  Answer::Cut out;
  inner.require("offset");
  out.offset = inner.size("offset", 0);
  out.how = decode_how(inner);
  inner.finish();
  answer.cut = out;
}

std::optional<Move> word_move(const Node& node, Context& context) {
  constexpr std::array<std::string_view, 3> kWords{"half_close", "close", "reset"};
  Move move;
  const auto word = as_word(node, kWords, "a move", context.complaints);
  if (!word) return std::nullopt;
  move.kind =
      static_cast<Move::Kind>(static_cast<int>(Move::Kind::half_close) + index_of(kWords, *word));
  return move;
}

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

void decode_send(Reader& reader, Move& move) {
  move.kind = Move::Kind::send;
  if (reader.has("hex")) {
    const auto bytes = from_hex(reader.text("hex"));
    if (!bytes) reader.complaints().at(reader.self(), "\"hex\" is pairs of 0-9a-f");
    move.bytes = bytes.value_or("");
  } else {
    move.bytes = reader.text("send");
  }
  move.chunk = reader.size("chunk", 0);
  move.gap = reader.duration("gap", base::Duration(0));
}

std::optional<Move> decode_move(const Node& node, Context& context) {
  if (node.is_scalar()) return word_move(node, context);
  Reader reader(node, "a move", context.complaints);
  Move move;
  if (reader.has("send") || reader.has("hex")) {
    decode_send(reader, move);
  } else if (reader.has("expect")) {
    move.bytes = reader.text("expect");
    move.kind = Move::Kind::expect_text;
    if (move.bytes == "head") move.kind = Move::Kind::expect_head;
    if (move.bytes == "eof") move.kind = Move::Kind::expect_eof;
  } else if (const Node* await = reader.get("await")) {
    move.kind = Move::Kind::await;
    move.selector = decode_selector(*await, SelectorUse::trigger, context);
  } else {
    context.complaints.at(node,
                          "a move is {send}, {hex}, {expect}, {await}, half_close, close or "
                          "reset");
    return std::nullopt;
  }
  reader.finish();
  return move;
}

void decode_route(const Entry& entry, ProviderSpec& provider, Context& context) {
  providers::RouteSpec route;
  const std::size_t blank = entry.key.find(' ');
  route.method = entry.key.substr(0, blank);
  route.path = blank == std::string::npos ? "" : entry.key.substr(blank + 1);
  if (!route.path.starts_with('/') && !route.path.starts_with('*')) {
    context.complaints.at_key(entry, "a route is METHOD PATH, as in GET /v1/models or * /**");
  }
  const bool known = route.method == "*" ||
                     std::find(kMethods.begin(), kMethods.end(), route.method) != kMethods.end();
  if (!known) {
    context.complaints.at_key(entry, fmt::format("no method \"{}\"{}", route.method,
                                                 base::suggestion(route.method, kMethods)));
  }
  if (entry.value->is_list()) {
    if (entry.value->items.empty()) context.complaints.at(*entry.value, "no answer");
    for (const NodePtr& item : entry.value->items) {
      route.answers.push_back(decode_answer(*item, context));
    }
  } else {
    route.answers.push_back(decode_answer(*entry.value, context));
  }
  provider.routes.push_back(std::move(route));
}

void decode_record(Reader& reader, ProviderSpec& provider, Context& context) {
  const Node* record = reader.get("record");
  if (record == nullptr) return;
  Reader inner(*record, "a record", context.complaints);
  provider.record_type = inner.text("type");
  provider.record_base_url = inner.text("base_url");
  // What says no more than the default is the default's job.
  if (provider.record_base_url == fmt::format("$({}.url)/v1", provider.name)) {
    provider.record_base_url.clear();
  }
  inner.finish();
}

void decode_dialect(Reader& reader, ProviderSpec& provider) {
  const Node* node = reader.get("dialect");
  if (node == nullptr) return;
  const bool later = node->is_scalar() && std::find(kDialectsLater.begin(), kDialectsLater.end(),
                                                    node->text) != kDialectsLater.end();
  if (later) {
    reader.complaints().at(*node, not_yet(fmt::format("the dialect \"{}\"", node->text)));
    return;
  }
  const bool plain = reader.word("dialect", kDialects, "openai") == "plain";
  provider.dialect = plain ? providers::Dialect::plain : providers::Dialect::openai;
}

void decode_credential(Reader& reader, ProviderSpec& provider, const Context& context) {
  const Node* node = reader.get("credential");
  if (node == nullptr || node->is_word("none")) return;
  provider.credential = as_text(*node, reader.complaints()).value_or("");
  const std::string& name = provider.credential;
  const bool variable = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                        std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                 (c >= '0' && c <= '9') || c == '_';
                        });
  if (!variable) {
    reader.complaints().at(*node, fmt::format("\"{}\" can't be a variable's name (API_KEY)", name));
  }
  const Node* keys = reader.get("keys");
  if (keys == nullptr || (keys->is_list() && keys->items.empty())) {
    reader.complaints().at(*node, "a credential stands for a key; give the provider \"keys\"");
  }
  const auto gateway = context.sources.find("gateway");
  if (gateway == context.sources.end() || gateway->second != SourceType::gateway) {
    reader.complaints().at(*node,
                           "a credential comes by the gateway, and there is none in this world; "
                           "write gateway: {}");
  }
}

ProviderSpec decode_provider(const Entry& entry, Context& context) {
  Reader reader(*entry.value, "a provider", context.complaints);
  ProviderSpec provider;
  provider.name = entry.key;
  provider.mark = entry.key_mark;
  if (const Node* host = reader.get("host")) {
    provider.host = as_text(*host, context.complaints).value_or("box");
    check_known(*host, provider.host, context.hosts, "host", context.complaints);
  }
  reader.only("initially", "up");
  decode_credential(reader, provider, context);
  if (const Node* listen = reader.get("listen")) {
    provider.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  provider.names = reader.texts("names");
  provider.tls = static_cast<providers::TlsKind>(index_of(kTls, reader.word("tls", kTls, "none")));
  decode_dialect(reader, provider);
  provider.models = reader.texts("models");
  provider.keys = reader.texts("keys");
  decode_record(reader, provider, context);
  if (const Node* routes = reader.get("routes")) {
    if (!routes->is_map()) context.complaints.at(*routes, "\"routes\" is a map by METHOD PATH");
    for (const Entry& route : routes->entries) decode_route(route, provider, context);
  }
  if (const Node* sse = reader.get("sse")) provider.sse = decode_sse(*sse, context);
  reader.finish();
  return provider;
}

void check_same_listeners(const Node& providers, const Cell& cell, Context& context) {
  std::map<std::pair<std::string, net::Endpoint>, std::string> seen;
  for (const ProviderSpec& provider : cell.providers) {
    if (provider.listen.port == 0) continue;
    const auto [known, is_new] =
        seen.emplace(std::pair(provider.host, provider.listen), provider.name);
    if (is_new) continue;
    const Node* node = providers.find(provider.name);
    context.complaints.at(*node, fmt::format("\"{}\" and \"{}\" both listen on {}", known->second,
                                             provider.name, provider.listen.to_string()));
  }
}

}  // namespace

SseSpec decode_sse(const Node& node, Context& context) {
  Reader reader(node, "an sse script", context.complaints);
  SseSpec sse;
  decode_events(reader, sse);
  sse.first_after = reader.duration("first_after", base::Duration(0));
  sse.every = reader.duration("every", base::Duration(0));
  sse.terminal = reader.boolean("terminal", true);
  decode_sse_hold(reader, sse, context);
  decode_sse_cut(reader, sse, context);
  reader.finish();
  return sse;
}

std::vector<Move> decode_moves(const Node& node, Context& context) {
  std::vector<Move> moves;
  if (!node.is_list()) context.complaints.at(node, "a script is a list of moves");
  for (const NodePtr& item : node.items) {
    if (auto move = decode_move(*item, context)) moves.push_back(std::move(*move));
  }
  return moves;
}

Answer decode_answer(const Node& node, Context& context) {
  Reader reader(node, "an answer", context.complaints);
  Answer answer;
  answer.mark = node.mark;
  answer.status = static_cast<int>(reader.integer("status", 200, 100));
  if (answer.status > 599) context.complaints.at(*reader.get("status"), "a status is 100 to 599");
  answer.headers = reader.pairs("headers");
  reader.later({"websocket"});
  reader.only("encoding", "identity");
  int bodies = 0;
  for (const char* key : {"body", "json", "size", "sse", "raw"}) bodies += reader.has(key) ? 1 : 0;
  if (bodies > 1) {
    context.complaints.at(node, "an answer has at most one of body, json, size, sse, raw");
  }
  if (reader.has("body")) answer.body = reader.text("body");
  if (const Node* json = reader.get("json")) answer.json = as_json(*json, context.complaints);
  if (reader.has("size")) answer.size = reader.size("size", 0);
  if (const Node* sse = reader.get("sse")) answer.sse = decode_sse(*sse, context);
  if (const Node* raw = reader.get("raw")) answer.raw = decode_moves(*raw, context);
  if (reader.has("framing")) {
    answer.framing = static_cast<Answer::Framing>(
        index_of(kFramings, reader.word("framing", kFramings, "length")));
  }
  answer.delay = reader.duration("delay", base::Duration(0));
  if (const Node* hold = reader.get("hold")) {
    answer.hold = decode_selector(*hold, SelectorUse::trigger, context);
  }
  decode_body_cut(reader, answer, context);
  reader.finish();
  return answer;
}

void decode_providers(const Node& providers, Context& context) {
  if (!providers.is_map()) {
    context.complaints.at(providers, "\"providers\" is a map from name to provider");
  }
  for (const Entry& entry : providers.entries) {
    context.cell.providers.push_back(decode_provider(entry, context));
  }
  check_same_listeners(providers, context.cell, context);
}

}  // namespace sallyport::sim::scenario
