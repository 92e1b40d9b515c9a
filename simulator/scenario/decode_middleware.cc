// Middleware services: their registration, what they say of themselves, and their transport.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"
#include "simulator/scenario/decode_reaction.h"

namespace sallyport::sim::scenario {
namespace {

using middleware::ServiceSpec;

constexpr std::array<std::string_view, 2> kOperations{"http_request", "websocket_message"};

// The words of an enumeration of the contract's, or a number that it needn't have.
std::string enumerated(Reader& reader, std::string_view key, Words words, const char* fallback) {
  const Node* node = reader.get(key);
  if (node == nullptr) return fallback;
  if (node->is_scalar() && base::parse_integer(node->text)) return node->text;
  return as_word(*node, words, fmt::format("a value of \"{}\"", key), reader.complaints())
      .value_or(fallback);
}

middleware::Binding decode_binding(const Node& node, Complaints& complaints) {
  constexpr std::array<std::string_view, 2> kPhases{"pre_credentials", "pre_return"};
  Reader reader(node, keys::binding(), complaints);
  middleware::Binding binding;
  binding.operation = enumerated(reader, "operation", kOperations, "http_request");
  binding.phase = enumerated(reader, "phase", kPhases, "pre_credentials");
  if (reader.has("max_payload")) binding.max_payload = reader.size("max_payload", 0);
  if (reader.has("timeout")) binding.timeout = reader.text("timeout");
  return binding;
}

void decode_bindings(Reader& reader, middleware::Describe& describe) {
  Complaints& complaints = reader.complaints();
  if (const Node* operations = reader.get("operations")) {
    describe.operations.clear();
    if (!operations->is_list()) complaints.at(*operations, "\"operations\" is a list of words");
    for (const NodePtr& item : operations->items) {
      const auto word = as_word(*item, kOperations, "an operation", complaints);
      if (word) describe.operations.push_back(*word);
    }
  }
  const Node* bindings = reader.get("bindings");
  if (bindings == nullptr) return;
  if (reader.has("operations")) {
    complaints.at(*bindings, "a description has \"operations\" or \"bindings\", not both");
  }
  if (!bindings->is_list()) complaints.at(*bindings, "\"bindings\" is a list of maps");
  describe.bindings.emplace();
  for (const NodePtr& item : bindings->items)
    describe.bindings->push_back(decode_binding(*item, complaints));
}

middleware::Ending decode_ending(Reader& reader) {
  middleware::Ending ending;
  decode_end(reader, ending);
  ending.undecodable = reader.word("malformed", "none") == "undecodable";
  return ending;
}

middleware::Describe decode_describe(const Node& node, Complaints& complaints) {
  Reader reader(node, keys::describe(), complaints);
  middleware::Describe describe;
  decode_bindings(reader, describe);
  describe.max_payload = reader.size("max_payload", 0);
  if (reader.has("max_payload") && describe.max_payload == 0) {
    complaints.at(*reader.get("max_payload"),
                  "a service describes at least 1B; leave \"max_payload\" out for what "
                  "is registered");
  }
  // A text: the service may say what the contract doesn't allow.
  describe.timeout = reader.text("timeout");
  describe.audience = reader.text("audience");
  if (reader.has("name")) describe.name = reader.text("name");
  describe.version = reader.text("version", describe.version);
  describe.ending = decode_ending(reader);
  return describe;
}

middleware::Verdict decode_verdict(const Node& node, Complaints& complaints) {
  middleware::Verdict verdict;
  if (!node.is_map()) {
    verdict.valid = node.is_word("ok");
    if (!verdict.valid) verdict.reason = as_text(node, complaints).value_or("");
    return verdict;
  }
  Reader reader(node, keys::verdict(), complaints);
  verdict.reason = reader.text("reason");
  verdict.valid = reader.boolean("valid", verdict.reason.empty());
  verdict.ending = decode_ending(reader);
  return verdict;
}

// One, or a list of one at least.
template <class One>
void decode_each(Reader& reader, std::string_view key, std::vector<One>& all,
                 One (*decode)(const Node&, Complaints&)) {
  const Node* node = reader.get(key);
  if (node == nullptr) return;
  all.clear();
  if (!node->is_list()) return all.push_back(decode(*node, reader.complaints()));
  for (const NodePtr& item : node->items) all.push_back(decode(*item, reader.complaints()));
  if (!all.empty()) return;
  all.emplace_back();
  reader.complaints().at(*node, fmt::format("\"{}\" needs one at least", key));
}

void decode_transport(Reader& reader, ServiceSpec& service) {
  service.tls = reader.choice("tls", middleware::Tls::none);
  service.trust = reader.choice("trust", middleware::Trust::world);
  if (reader.has("trust") && service.tls == middleware::Tls::none) {
    reader.complaints().at(*reader.get("trust"), "a service without \"tls\" has nothing to trust");
  }
  service.goaway = reader.integer("goaway", 0, 1);
  service.strict_pings = reader.boolean("strict_pings", false);
}

// Whether an argument or a variable says where to listen.
bool says_where(const ServiceSpec& service) {
  const auto names_it = [&service](const std::string& text) {
    return text.find("$(" + service.name + ".port)") != std::string::npos ||
           text.find("$(" + service.name + ".url)") != std::string::npos;
  };
  return std::any_of(service.command.begin(), service.command.end(), names_it) ||
         std::any_of(service.environment.begin(), service.environment.end(),
                     [&](const auto& variable) { return names_it(variable.second); });
}

// Another program in the scripted service's place.
void decode_command(Reader& reader, ServiceSpec& service) {
  Complaints& complaints = reader.complaints();
  const Node* command = reader.get("command");
  const Node* environment = reader.get("environment");
  if (environment != nullptr && command == nullptr) {
    complaints.at(*environment, "\"environment\" is of a \"command\"");
  }
  if (command == nullptr) return;
  service.command = as_texts(*command, complaints);
  if (environment != nullptr) {
    for (auto& [name, value] : as_pairs(*environment, complaints))
      service.environment[name] = std::move(value);
  }
  for (const char* key : {"script", "describe", "validate", "tls", "trust", "goaway"}) {
    const Node* node = reader.self().find(key);
    if (node == nullptr) continue;
    complaints.at(*node, fmt::format("\"{}\" is of the scripted service; \"{}\" is another "
                                     "program, which answers as it likes",
                                     key, service.name));
  }
  if (service.command.empty()) {
    complaints.at(*command, "a command needs at least its name");
  } else if (service.listen.port == 0 && !says_where(service)) {
    complaints.at(*command, fmt::format("the program must be told where to listen: "
                                        "$({0}.address):$({0}.port)",
                                        service.name));
  }
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
  decode_each(reader, "describe", service.describe, decode_describe);
  decode_each(reader, "validate", service.validate, decode_verdict);
  decode_transport(reader, service);
  if (const Node* script = reader.get("script")) {
    if (!script->is_list()) context.complaints.at(*script, "a script is a list of entries");
    for (const NodePtr& item : script->items) {
      service.script.push_back(decode_reaction(*item, service.name, context));
    }
  }
  decode_command(reader, service);
  return service;
}

void decode_middleware(const Node& node, Context& context) {
  if (!node.is_map()) context.complaints.at(node, "\"middleware\" is a map from name to service");
  for (const Entry& entry : node.entries) {
    context.cell.middleware.push_back(decode_service(entry, context));
  }
}

}  // namespace sallyport::sim::scenario
