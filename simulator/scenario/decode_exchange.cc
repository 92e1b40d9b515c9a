// Client verbs that make exchanges: request, websocket, raw.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using agents::RawSpec;
using agents::RequestSpec;
using agents::WebSocketSpec;

agents::ClientTls decode_tls(Reader& reader) {
  agents::ClientTls tls;
  const Node* node = reader.get("tls");
  if (node == nullptr) return tls;
  Reader inner(*node, keys::client_tls(), reader.complaints());
  tls.verify = inner.boolean("verify", true);
  tls.sni = inner.text("sni");
  tls.alpn = inner.text("alpn");
  return tls;
}

void check_url(const Node& node, const std::string& url, std::span<const std::string_view> schemes,
               Complaints& complaints) {
  const bool known = url.starts_with("$(") ||
                     std::any_of(schemes.begin(), schemes.end(),
                                 [&](std::string_view scheme) { return url.starts_with(scheme); });
  if (known) return;
  complaints.at(node,
                fmt::format("a URL begins with {}, {} or $(ACTOR.url)", schemes[0], schemes[1]));
}

constexpr std::array<std::string_view, 2> kHttp{"http://", "https://"};
constexpr std::array<std::string_view, 2> kWebSocket{"ws://", "wss://"};

}  // namespace

RequestSpec decode_request(Reader& reader, Context& context) {
  RequestSpec spec;
  spec.url = reader.text("request");
  check_url(*reader.get("request"), spec.url, kHttp, context.complaints);
  spec.method = reader.text("method");
  spec.headers = reader.pairs("headers");
  int bodies = 0;
  for (const char* key : {"body", "json", "size"}) bodies += reader.has(key) ? 1 : 0;
  if (bodies > 1) {
    context.complaints.at(reader.self(), "a request has at most one of body, json, size");
  }
  if (reader.has("body")) spec.body = reader.text("body");
  if (const Node* json = reader.get("json")) spec.json = as_json(*json, context.complaints);
  if (reader.has("size")) spec.size = reader.size("size", 0);
  spec.chunked = reader.word("framing", "length") == "chunked";
  spec.expect_continue = reader.boolean("expect_continue", false);
  spec.adapter = reader.choice("adapter", agents::Adapter::automatic);
  spec.tls = decode_tls(reader);
  spec.connection = reader.text("connection");
  if (const Node* abort = reader.get("abort")) {
    spec.abort = decode_selector(*abort, SelectorUse::trigger, context);
  }
  return spec;
}

WebSocketSpec decode_websocket(Reader& reader, Context& context) {
  WebSocketSpec spec;
  spec.url = reader.text("websocket");
  check_url(*reader.get("websocket"), spec.url, kWebSocket, context.complaints);
  spec.headers = reader.pairs("headers");
  spec.subprotocols = reader.texts("subprotocols");
  spec.deflate = reader.boolean("deflate", false);
  spec.adapter = reader.choice("adapter", agents::Adapter::automatic);
  spec.tls = decode_tls(reader);
  if (const Node* script = reader.get("script")) {
    spec.moves = decode_websocket_moves(*script, Peer::client, context);
  }
  return spec;
}

RawSpec decode_raw(Reader& reader, Context& context) {
  RawSpec spec;
  const Node& raw = *reader.get("raw");
  if (raw.is_scalar()) {
    wire::Move send;
    send.bytes = as_text(raw, context.complaints).value_or("");
    spec.moves.push_back(std::move(send));
  } else {
    spec.moves = decode_moves(raw, context);
    if (raw.is_list() && raw.items.empty()) {
      context.complaints.at(raw, "a script needs at least one move");
    }
  }
  spec.to = reader.text("to");
  if (const Node* to = reader.get("to")) check_url(*to, spec.to, kHttp, context.complaints);
  spec.adapter = reader.choice("adapter", agents::Adapter::automatic);
  spec.tls = decode_tls(reader);
  return spec;
}

}  // namespace sallyport::sim::scenario
