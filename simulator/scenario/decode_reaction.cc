#include "simulator/scenario/decode_reaction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

namespace sallyport::sim::scenario {
namespace {

using middleware::Malformed;
using middleware::Reaction;

constexpr std::array<std::string_view, 6> kChanges{"append", "overwrite", "skip",
                                                   "remove", "write",     "empty"};
constexpr std::array<std::string_view, 3> kDecisions{"allow", "deny", "skip"};

template <std::size_t N>
int index_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? 0 : static_cast<int>(found - words.begin());
}

std::uint32_t number_32(Reader& reader, std::string_view key, std::uint32_t fallback) {
  const Node* node = reader.get(key);
  if (node == nullptr) return fallback;
  const std::uint64_t number = as_integer(*node, reader.complaints()).value_or(fallback);
  if (number > std::numeric_limits<std::uint32_t>::max())
    reader.complaints().at(*node, fmt::format("a {} has 32 bits", key));
  return static_cast<std::uint32_t>(number);
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
      complaints.at(node,
                    fmt::format("a change of a header has one of {}", fmt::join(kChanges, ", ")));
    }
    return;
  }
  middleware::HeaderChange change;
  change.how = static_cast<middleware::HeaderChange::How>(index_of(kChanges, found[0]));
  if (change.how == middleware::HeaderChange::How::empty) {
    if (!reader.boolean("empty", true)) complaints.at(node, "\"empty\" is true or left out");
  } else {
    change.name = reader.text(found[0]);
  }
  const bool removes = change.how == middleware::HeaderChange::How::remove ||
                       change.how == middleware::HeaderChange::How::empty;
  if (!removes && !reader.has("value")) {
    complaints.at(node, "a change of a header needs \"value\"");
  }
  if (removes && reader.has("value")) {
    complaints.at(*reader.get("value"), "a header is removed by its name; leave \"value\" out");
  }
  change.value = reader.text("value");
  change.on_existing = number_32(reader, "on_existing", 0);
  reaction.headers.push_back(std::move(change));
}

void decode_finding(const Node& node, Reaction& reaction, Complaints& complaints) {
  Reader reader(node, keys::finding(), complaints);
  middleware::FindingSpec finding;
  reader.require("type");
  finding.type = reader.text("type");
  finding.severity = reader.text("severity", "medium");
  finding.count = number_32(reader, "count", 1);
  if (reader.has("label")) finding.label = reader.text("label");
  finding.confidence = reader.text("confidence");
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

void decode_decision(Reader& reader, Reaction& reaction) {
  const Node* node = reader.get("decision");
  if (node == nullptr) return;
  if (node->is_scalar() && base::parse_integer(node->text)) {
    reaction.decision_number = number_32(reader, "decision", 0);
    return;
  }
  const auto word = as_word(*node, kDecisions, "a value of \"decision\"", reader.complaints());
  reaction.decision = static_cast<Reaction::Decision>(index_of(kDecisions, word.value_or("allow")));
}

void decode_fill(Reader& reader, Reaction& reaction) {
  using Number = middleware::Fill::Number middleware::Fill::*;
  using middleware::Fill;
  const Node* node = reader.get("fill");
  if (node == nullptr) return;
  Reader inner(*node, keys::fill(), reader.complaints());
  const auto read = [&](std::string_view key, Number number, bool octets) {
    if (!inner.has(key)) return;
    const std::uint64_t value = octets ? inner.size(key, 0) : inner.integer(key, 0);
    const std::uint64_t most = octets ? middleware::kFillBytesMax : middleware::kFillCountMax;
    if (value > most) inner.complaints().at(*inner.get(key), fmt::format("{} at most", most));
    reaction.fill.*number = value;
  };
  read("body", &Fill::body, true);
  read("reason", &Fill::reason, true);
  read("reason_code", &Fill::reason_code, true);
  read("findings", &Fill::findings, false);
  read("finding", &Fill::finding, true);
  read("headers", &Fill::headers, false);
  read("header_bytes", &Fill::header_bytes, true);
  read("metadata", &Fill::metadata, false);
  read("metadata_bytes", &Fill::metadata_bytes, true);
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
  decode_decision(reader, reaction);
  if (reaction.decision == Reaction::Decision::skip) refuse("decision", "the decision \"skip\"");
  reaction.malformed = reader.choice("malformed", Malformed::none);
  if (reaction.malformed == Malformed::wrong_sequence) {
    refuse("malformed", "the answer \"wrong_sequence\"");
  }
}

}  // namespace

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
  if (reader.has("reason")) reaction.reason = reader.text("reason");
  reaction.reason_code = reader.text("reason_code");
  if (reader.has("has_body")) reaction.has_body = reader.boolean("has_body", false);
  if (reader.has("body")) reaction.body = reader.text("body");
  decode_replace(reader, reaction);
  if (reader.has("body") && reader.has("replace")) {
    complaints.at(node, "an entry has \"body\" or \"replace\", not both");
  }
  decode_list(reader, "headers", reaction, decode_change);
  decode_list(reader, "findings", reaction, decode_finding);
  for (auto& [name, value] : reader.pairs("metadata")) reaction.metadata[name] = std::move(value);
  decode_fill(reader, reaction);
  reaction.times = reader.integer("times", 0, 1);
  decode_end(reader, reaction);
  if (reader.has("status") && reaction.malformed != Malformed::none) {
    complaints.at(node, "an entry has \"status\" or \"malformed\", not both");
  }
  return reaction;
}

}  // namespace sallyport::sim::scenario
