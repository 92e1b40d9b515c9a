// Providers, their answers and stream scripts.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using providers::Answer;
using providers::CutHow;
using providers::ProviderSpec;
using providers::SseSpec;

constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                   "DELETE", "OPTIONS", "CONNECT", "TRACE"};

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
  Reader inner(*hold, keys::sse_hold(), context.complaints);
  SseSpec::Hold out;
  inner.require("event");
  out.event = inner.integer("event", 1, 1);
  if (const Node* until = inner.require("until")) {
    out.until = decode_selector(*until, SelectorUse::trigger, context);
  }
  sse.hold = std::move(out);
}

void decode_sse_cut(Reader& reader, SseSpec& sse, Context& context) {
  const Node* cut = reader.get("cut");
  if (cut == nullptr) return;
  Reader inner(*cut, keys::sse_cut(), context.complaints);
  SseSpec::Cut out;
  inner.require("event");
  out.event = inner.integer("event", 1, 1);
  if (const Node* offset = inner.get("offset")) {
    out.offset = as_octets(*offset, context.complaints);
  }
  out.how = inner.choice("how", CutHow::reset);
  sse.cut = out;
}

void decode_body_cut(Reader& reader, Answer& answer, Context& context) {
  const Node* cut = reader.get("cut");
  if (cut == nullptr) return;
  Reader inner(*cut, keys::body_cut(), context.complaints);
  Answer::Cut out;
  inner.require("offset");
  if (const Node* offset = inner.get("offset")) {
    out.offset = as_octets(*offset, context.complaints);
  }
  out.how = inner.choice("how", CutHow::reset);
  answer.cut = out;
}

void decode_route(const Entry& entry, ProviderSpec& provider, Context& context) {
  providers::RouteSpec route;
  const std::size_t blank = entry.key.find(' ');
  route.method = entry.key.substr(0, blank);
  route.path = blank == std::string::npos ? "" : entry.key.substr(blank + 1);
  // The target of a CONNECT is a host and a port.
  const bool authority = route.method == "CONNECT" && !route.path.empty();
  if (!authority && !route.path.starts_with('/') && !route.path.starts_with('*')) {
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
  Reader inner(*record, keys::record(), context.complaints);
  provider.record_type = inner.text("type");
  provider.record_base_url = inner.text("base_url");
  // What says no more than the default is the default's job.
  if (provider.record_base_url == fmt::format("$({}.url)/v1", provider.name)) {
    provider.record_base_url.clear();
  }
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

// What only an answer that we frame ourselves can have.
void check_bytes_alone(Reader& reader, const Answer& answer, Complaints& complaints) {
  const bool bytes = answer.raw.has_value() || answer.websocket.has_value();
  if (answer.encoding != Answer::Encoding::identity && bytes) {
    complaints.at(*reader.get("encoding"),
                  "an \"encoding\" is of a body; raw bytes and WebSockets have none");
  }
}

}  // namespace

SseSpec decode_sse(const Node& node, Context& context) {
  Reader reader(node, keys::sse(), context.complaints);
  SseSpec sse;
  decode_events(reader, sse);
  sse.first_after = reader.duration("first_after", base::Duration(0));
  sse.every = reader.duration("every", base::Duration(0));
  sse.terminal = reader.boolean("terminal", true);
  decode_sse_hold(reader, sse, context);
  decode_sse_cut(reader, sse, context);
  return sse;
}

Answer decode_answer(const Node& node, Context& context) {
  Reader reader(node, keys::answer(), context.complaints);
  Answer answer;
  answer.mark = node.mark;
  answer.status = static_cast<int>(reader.integer("status", 200, 100));
  if (answer.status > 599) context.complaints.at(*reader.get("status"), "a status is 100 to 599");
  answer.headers = reader.pairs("headers");
  int bodies = 0;
  for (const char* key : {"body", "json", "size", "sse", "websocket", "raw"}) {
    bodies += reader.has(key) ? 1 : 0;
  }
  if (bodies > 1) {
    context.complaints.at(node,
                          "an answer has at most one of body, json, size, sse, websocket, raw");
  }
  if (reader.has("body")) answer.body = reader.text("body");
  if (const Node* json = reader.get("json")) answer.json = as_json(*json, context.complaints);
  if (reader.has("size")) answer.size = reader.size("size", 0);
  if (const Node* sse = reader.get("sse")) answer.sse = decode_sse(*sse, context);
  if (const Node* moves = reader.get("websocket")) {
    answer.websocket = decode_websocket_moves(*moves, Peer::answer, context);
  }
  if (const Node* raw = reader.get("raw")) answer.raw = decode_moves(*raw, context);
  if (reader.has("framing")) {
    answer.framing = reader.choice("framing", Answer::Framing::length);
  }
  answer.encoding = reader.choice("encoding", Answer::Encoding::identity);
  answer.delay = reader.duration("delay", base::Duration(0));
  if (const Node* hold = reader.get("hold")) {
    answer.hold = decode_selector(*hold, SelectorUse::trigger, context);
  }
  decode_body_cut(reader, answer, context);
  check_bytes_alone(reader, answer, context.complaints);
  return answer;
}

ProviderSpec decode_provider(const Entry& entry, Context& context) {
  Reader reader(*entry.value, keys::provider(), context.complaints);
  ProviderSpec provider;
  provider.name = entry.key;
  provider.mark = entry.key_mark;
  provider.host = host_at(reader, "host", "box", context);
  provider.up = reader.word("initially", "up") == "up";
  decode_credential(reader, provider, context);
  if (const Node* listen = reader.get("listen")) {
    provider.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  provider.names = reader.texts("names");
  provider.tls = reader.choice("tls", providers::TlsKind::none);
  provider.dialect = reader.choice("dialect", providers::Dialect::openai);
  provider.models = reader.texts("models");
  provider.keys = reader.texts("keys");
  decode_record(reader, provider, context);
  if (const Node* routes = reader.get("routes")) {
    if (!routes->is_map()) context.complaints.at(*routes, "\"routes\" is a map by METHOD PATH");
    for (const Entry& route : routes->entries) decode_route(route, provider, context);
  }
  if (const Node* sse = reader.get("sse")) provider.sse = decode_sse(*sse, context);
  return provider;
}

void decode_providers(const Node& providers, Context& context) {
  if (!providers.is_map()) {
    context.complaints.at(providers, "\"providers\" is a map from name to provider");
  }
  for (const Entry& entry : providers.entries) {
    context.cell.providers.push_back(decode_provider(entry, context));
  }
}

}  // namespace sallyport::sim::scenario
