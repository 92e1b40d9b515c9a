// From a cell's tree, matrix replaced and defaults written in, to its values. One Context a cell;
// the parts of the language each have a file. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulator/scenario/matrix.h"
#include "simulator/scenario/reader.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {

struct Context {
  Complaints& complaints;
  Matrix& matrix;
  Cell& cell;
  // Every name that an event can come from: providers, decoys, middleware services, steps, `dns`,
  // `gateway`, `supervisor`.
  std::map<std::string, SourceType> sources;
  std::set<std::string> hosts;
  std::vector<std::string> steps;                        // in the order of the file
  std::map<std::string, std::vector<std::string>> keys;  // by provider
  std::set<std::string> credentials = {};                // providers with a `credential`
  // `dns`, `firewall`, `providers`, `middleware` as they are at the step that is being decoded,
  // without defaults; what steps have taken away keeps its place in the last two.
  std::map<std::string, NodePtr, std::less<>> written = {};
  std::set<std::string> removed = {};
  // Middleware services that are other programs: they know no script and tell nothing.
  std::set<std::string> foreign = {};
};

// Names of hosts, actors and steps in `root`: their grammar, that all differ, and the tables above.
void collect_names(const Node& root, Context& context);
// By its verb; control where it has none of this version's.
[[nodiscard]] SourceType type_of_step(const Node& step);
[[nodiscard]] bool is_actor(SourceType type);
// Complains unless `name` is one of `known`; `what` as in "no host".
bool check_known(const Node& where, const std::string& name, const std::set<std::string>& known,
                 std::string_view what, Complaints& complaints);
// Complains about every $(NAME) of the root's sections that names nothing in its place.
void check_variables(const Node& root, Context& context);

void decode_hosts(const Node& hosts, Context& context);
void decode_networks(const Node& networks, Context& context);
void decode_firewall(const Node& firewall, Context& context);
topology::FirewallRule decode_rule(const Entry& entry, Context& context);
void decode_dns(const Node& dns, Context& context);  // after the providers, whose names it has
topology::DnsAnswer decode_dns_answer(const Node& node, Context& context);
// As the zone has it: lower-case, without a last dot.
[[nodiscard]] std::string zone_name(std::string name);
void decode_providers(const Node& providers, Context& context);
providers::ProviderSpec decode_provider(const Entry& entry, Context& context);
void decode_decoys(const Node& decoys, Context& context);
void decode_middleware(const Node& middleware, Context& context);
middleware::ServiceSpec decode_service(const Entry& entry, Context& context);
void decode_gateway(const Node& gateway, Context& context);
// `supervisor` or `supervisors`, with the policy and route of each.
void decode_supervisors(const Node& root, Context& context);
// Whether the supervisors can reach what they ask, and whether they ever start. After the steps.
void check_subjects(const Node& root, Context& context);
// Actors, hosts and networks that get into each other's way. After the steps.
void check_conflicts(const Node& root, Context& context);
std::optional<Inference> inference_of(const Node& inference, Context& context);  // none for `none`
std::string policy_of(const Node& policy, Context& context);
void decode_steps(const Node& steps, Context& context);
agents::RequestSpec decode_request(Reader& reader, Context& context);
agents::WebSocketSpec decode_websocket(Reader& reader, Context& context);
agents::RawSpec decode_raw(Reader& reader, Context& context);
agents::RunSpec decode_run(Reader& reader, Context& context);
agents::GateSpec decode_gate(Reader& reader, Context& context);
std::vector<agents::ToolSpec> decode_tools(Reader& reader);  // of `tools`
// The part of a step that is its control verb's, but for `pause`.
void decode_control(std::string_view verb, Reader& reader, Step& step, Context& context);
// `dns`, `firewall`, `providers`, `middleware` of a step: merged into what is.
void decode_change(std::string_view verb, Reader& reader, Step& step, Context& context);
Fault decode_fault(Reader& reader, Context& context);
// The actor that `node` names, if it is of one of `types`; `what` is wanted of it.
std::string actor_at(const Node* node, std::span<const SourceType> types, std::string_view what,
                     Context& context);
std::string provider_at(const Node* node, Context& context);
// Whether the step `name` comes at or after the step `self`.
bool not_earlier(const std::string& name, const std::string& self, const Context& context);
// Items with `across` come out apart, by their place in the list.
void decode_expectations(const Node& list, Context& context,
                         std::map<std::size_t, Expectation>& across);
// Leaves out the hosts that nothing uses. After everything else.
void drop_unused_hosts(Cell& cell);

// --- shared by the decoders -------------------------------------------------------------------
std::optional<net::Endpoint> as_endpoint(const Node& node, Complaints& complaints);
std::optional<net::IpAddress> as_address(const Node& node, Complaints& complaints);
// The host that `key` names; `fallback` without the key.
std::string host_at(Reader& reader, std::string_view key, std::string fallback, Context& context);
// The host that a name stands for: itself, unless it shares another's namespace. After the hosts.
[[nodiscard]] std::string real_host(const std::string& name, const Cell& cell);
// `{nofile: N}` of a process.
std::map<std::string, std::uint64_t> decode_rlimits(Reader& reader);
// An integer, or a size: 12, 12B, 64KiB.
std::uint64_t as_octets(const Node& node, Complaints& complaints);

// A trigger means one event, so it may have `nth`.
enum class SelectorUse { any, trigger };
journal::Selector decode_selector(const Node& node, SelectorUse use, Context& context);
// `event`, `where`, `since`, `before`, `nth` of a map that has other keys too.
journal::Selector decode_selector(Reader& reader, SelectorUse use, Context& context);
// `where` of the selector, whose source and kind are known.
void decode_where(const Node& where, journal::Selector& selector, Context& context);
// What the events of the selector's kind may have; empty when it names nothing.
std::vector<Field> fields_of(const journal::Selector& selector, const Context& context);

journal::Matcher decode_matcher(const Node& node, const Field& field, Context& context);
// {FIELD: MATCHER}; `what` as in "a request event".
std::map<std::string, journal::Matcher> decode_matchers(const Node& node,
                                                        std::span<const Field> fields,
                                                        std::string_view what, Context& context);
// A duration, `ACTOR.FIELD` or `ACTOR.FIELD * 1.5`. After the actors.
std::optional<base::Duration> decode_bound(const Node& node, Context& context);

providers::Answer decode_answer(const Node& node, Context& context);
providers::SseSpec decode_sse(const Node& node, Context& context);
std::vector<wire::Move> decode_moves(const Node& node, Context& context);
enum class Peer { client, answer };
std::vector<wire::WebSocketMove> decode_websocket_moves(const Node& node, Peer peer,
                                                        Context& context);

}  // namespace sallyport::sim::scenario
