// Middleware services: their registration, what they say of themselves, and their scripts.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using middleware::Malformed;
using middleware::Reaction;
using middleware::ServiceSpec;

constexpr std::array<std::string_view, 2> kOperations{"http_request", "websocket_message"};
constexpr std::array<std::string_view, 4> kChanges{"append", "overwrite", "skip", "remove"};
template <std::size_t N>
int index_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? 0 : static_cast<int>(found - words.begin());
}

void decode_describe(Reader& reader, ServiceSpec& service) {
  const Node* node = reader.get("describe");
  if (node == nullptr) return;
  Reader inner(*node, keys::describe(), reader.complaints());
  if (const Node* operations = inner.get("operations")) {
    service.describe.operations.clear();
    if (!operations->is_list()) {
      reader.complaints().at(*operations, "\"operations\" is a list of words");
    }
    for (const NodePtr& item : operations->items) {
      const auto word = as_word(*item, kOperations, "an operation", reader.complaints());
      if (word) service.describe.operations.push_back(*word);
    }
  }
  service.describe.max_payload = inner.size("max_payload", 0);
  if (inner.has("max_payload") && service.describe.max_payload == 0) {
    reader.complaints().at(*inner.get("max_payload"),
                           "a service describes at least 1B; leave \"max_payload\" out for what "
                           "is registered");
  }
  // A text: the service may say what the contract doesn't allow.
  service.describe.timeout = inner.text("timeout");
  service.describe.audience = inner.text("audience");
}

void decode_replace(Reader& reader, Reaction& reaction) {
  const Node* node = reader.get("replace");
  if (node == nullptr) return;
  if (node->is_map() && node->entries.empty()) {
    reader.complaints().at(*node, "\"replace\" needs at least one OLD: NEW");
  }
  for (auto& [from, to] : as_pairs(*node, reader.complaints())) {
    if (from.empty()) reader.complaints().at(*node, "an empty text can't be replaced");
    reaction.replace[from] = std::move(to);
  }
}

void decode_change(const Node& node, Reaction& reaction, Complaints& complaints) {
  Reader reader(node, keys::header_change(), complaints);
  std::vector<std::string_view> found;
  for (const std::string_view word : kChanges) {
    if (reader.get(word) != nullptr) found.push_back(word);
  }
  if (found.size() != 1) {
    if (node.is_map()) {
      complaints.at(node, "a change of a header has one of append, overwrite, skip, remove");
    }
    return;
  }
  middleware::HeaderChange change;
  change.how = static_cast<middleware::HeaderChange::How>(index_of(kChanges, found[0]));
  change.name = reader.text(found[0]);
  const bool removes = change.how == middleware::HeaderChange::How::remove;
  if (!removes && !reader.has("value")) {
    complaints.at(node, "a change of a header needs \"value\"");
  }
  if (removes && reader.has("value")) {
    complaints.at(*reader.get("value"), "a header is removed by its name; leave \"value\" out");
  }
  change.value = reader.text("value");
  reaction.headers.push_back(std::move(change));
}

void decode_finding(const Node& node, Reaction& reaction, Complaints& complaints) {
  Reader reader(node, keys::finding(), complaints);
  middleware::FindingSpec finding;
  reader.require("type");
  finding.type = reader.text("type");
  finding.severity = reader.text("severity", "medium");
  const std::uint64_t count = reader.integer("count", 1);
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    complaints.at(*reader.get("count"), "a count has 32 bits");
  }
  finding.count = static_cast<std::uint32_t>(count);
  reaction.findings.push_back(std::move(finding));
}

void decode_list(Reader& reader, std::string_view key, Reaction& reaction,
                 void (*decode)(const Node&, Reaction&, Complaints&)) {
  const Node* list = reader.get(key);
  if (list == nullptr) return;
  if (!list->is_list()) {
    reader.complaints().at(*list, fmt::format("\"{}\" is a list of maps", key));
  }
  for (const NodePtr& item : list->items) decode(*item, reaction, reader.complaints());
}

// The calls of a WebSocket's session, and what answers them alone: the values are there, the fake
// service has no session yet.
void decode_call(Reader& reader, Reaction& reaction) {
  const auto refuse = [&](const char* key, std::string_view what) {
    const Node* node = reader.get(key);
    if (node != nullptr) reader.complaints().at(*node, not_yet(what));
  };
  reaction.call = reader.choice("call", Reaction::Call::evaluate);
  if (reaction.call == Reaction::Call::preflight) refuse("call", "the call \"preflight\"");
  if (reaction.call == Reaction::Call::message) refuse("call", "the call \"message\"");
  reaction.decision = reader.choice("decision", Reaction::Decision::allow);
  if (reaction.decision == Reaction::Decision::skip) refuse("decision", "the decision \"skip\"");
  reaction.malformed = reader.choice("malformed", Malformed::none);
  if (reaction.malformed == Malformed::wrong_sequence) {
    refuse("malformed", "the answer \"wrong_sequence\"");
  }
}

Reaction decode_reaction(const Node& node, const std::string& service, Context& context) {
  Complaints& complaints = context.complaints;
  Reader reader(node, keys::entry(), complaints);
  Reaction reaction;
  reaction.mark = node.mark;
  decode_call(reader, reaction);
  if (const Node* where = reader.get("where")) {
    journal::Selector call;
    call.source = service;
    constexpr std::array<const char*, 3> kKinds{"evaluate", "preflight", "message"};
    call.kind = kKinds[static_cast<std::size_t>(reaction.call)];
    decode_where(*where, call, context);
    reaction.where = std::move(call.where);
  }
  reaction.reason_code = reader.text("reason_code");
  if (reader.has("body")) reaction.body = reader.text("body");
  decode_replace(reader, reaction);
  if (reader.has("body") && reader.has("replace")) {
    complaints.at(node, "an entry has \"body\" or \"replace\", not both");
  }
  decode_list(reader, "headers", reaction, decode_change);
  decode_list(reader, "findings", reaction, decode_finding);
  reaction.delay = reader.duration("delay", base::Duration(0));
  if (reader.has("status")) {
    const std::string code = reader.word("status", grpc_codes().subspan(1), "");
    if (!code.empty()) reaction.status = code;
  }
  if (reader.has("status") && reaction.malformed != Malformed::none) {
    complaints.at(node, "an entry has \"status\" or \"malformed\", not both");
  }
  return reaction;
}

}  // namespace

ServiceSpec decode_service(const Entry& entry, Context& context) {
  Reader reader(*entry.value, keys::middleware(), context.complaints);
  ServiceSpec service;
  service.name = entry.key;
  service.mark = entry.key_mark;
  service.host = host_at(reader, "host", "box", context);
  if (const Node* listen = reader.get("listen")) {
    service.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
  }
  service.up = reader.word("initially", "up") == "up";
  service.registered = reader.boolean("registered", true);
  service.timeout = reader.duration("timeout", service.timeout);
  service.max_payload = reader.size("max_payload", service.max_payload);
  decode_describe(reader, service);
  const Node* validate = reader.get("validate");
  if (validate != nullptr && !validate->is_word("ok")) service.validate = reader.text("validate");
  if (const Node* script = reader.get("script")) {
    if (!script->is_list()) context.complaints.at(*script, "a script is a list of entries");
    for (const NodePtr& item : script->items) {
      service.script.push_back(decode_reaction(*item, service.name, context));
    }
  }
  return service;
}

void decode_middleware(const Node& node, Context& context) {
  if (!node.is_map()) context.complaints.at(node, "\"middleware\" is a map from name to service");
  for (const Entry& entry : node.entries) {
    context.cell.middleware.push_back(decode_service(entry, context));
  }
}

}  // namespace sallyport::sim::scenario
