// A scenario as loaded: the claim, and one decoded world for each cell of its matrix. Values only,
// pure: nothing here touches the network, a clock or another process. docs/scenario-reference.md is
// the language; load.h reads it, plan.h prints it.
//
// Texts may hold variables, which whoever runs the cell replaces (journal::expand):
//   when the world stands   $(ACTOR.url) $(ACTOR.host) $(ACTOR.address) $(ACTOR.port) for every
//                           provider, decoy, middleware service, the gateway and the supervisor
//                           (ACTOR.url of a provider is SCHEME://NAME:PORT, by its first name, else
//                           its address; the port is left out where it is the scheme's);
//                           $(PROVIDER.key.KEY); $(PROVIDER.placeholder); $(run.nonce); $(run.dir)
//   in a step and its       $(step.nonce), new for each repetition and attempt
//   expect
//   in a provider's answer  $(request.nonce) .method .path .query .body .header.NAME
// The loader has checked that every name exists in its place. Where they may stand: policy_yaml,
// provider routes and sse texts, record_base_url, supervisor args and environment, all texts of
// steps and of matchers. `$$(` stands for `$(` and is undone by the last expansion of a text.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"
#include "simulator/agents/spec.h"
#include "simulator/journal/query.h"
#include "simulator/middleware/spec.h"
#include "simulator/providers/spec.h"
#include "simulator/scenario/control.h"
#include "simulator/topology/spec.h"

namespace sallyport::sim::scenario {

struct Node;  // tree.h

// A place in a file.
struct Place {
  std::string file;
  base::Mark mark;
};

struct Step {
  std::string name;
  std::variant<agents::RequestSpec, agents::RunSpec, agents::GateSpec, agents::PauseSpec, KeyChange,
               DeleteRecord, Fault, Lift, ProcessControl, SetPolicy, SetInference, agents::RawSpec,
               agents::WebSocketSpec, SetDns, SetFirewall, SetProviders, SetMiddleware>
      verb;
  bool background = false;
  // Begins when that step is done, or that event has happened; neither: at once.
  std::string after_step;
  std::optional<journal::Selector> after_event;
  std::map<std::string, journal::Matcher> expect;  // by fact
  base::Duration timeout{std::chrono::seconds(2)};
  std::string from = "agent";
  std::string via = "auto";             // auto, direct, or a supervisor or proxy by name
  std::optional<base::Duration> retry;  // every 20 ms, so long at most, until `expect` holds
  std::uint64_t repeat = 1;
  std::uint64_t connections = 1;           // of `repeat`: so many exchanges at once
  std::optional<base::Duration> interval;  // of `rate`: from one exchange's begin to the next's
  std::optional<journal::Selector> until;  // ends `repeat` early
  Place place;                             // of the step's name
  Place expect_place;                      // of its `expect`; the step's own without one
};

struct Witness {
  journal::Selector selector;
  std::uint64_t at_least = 1;
};

struct Count {
  journal::Selector selector;
  std::optional<std::uint64_t> at_least, at_most;  // both the same for `is`
};
struct Never {
  journal::Selector selector;
};
struct Always {
  journal::Selector selector;
  std::map<std::string, journal::Matcher> has;
  std::uint64_t at_least = 1;
};
struct Eventually {
  journal::Selector selector;  // from `since`; empty: from the last step's end
  base::Duration within{0};
};
struct Ordered {
  std::vector<journal::Selector> selectors;
};
struct Span {
  journal::Selector from, to;
  std::optional<base::Duration> at_least, at_most;
};
struct Compare {
  bool differs = false;  // else `same`
  std::string fact;
  std::vector<std::string> steps;  // two in one cell; one with `across`
  std::string across;              // axis; empty: in one cell
};

// `checker: NAME`: credential_epochs, generation_monotonic, forwarded_once, stream_prefix,
// chain_order, audit_complete, resources_flat.
struct Checker {
  std::string name;
  std::string provider;                 // of credential_epochs, forwarded_once, stream_prefix
  std::string step;                     // of stream_prefix, resources_flat
  std::vector<std::string> middleware;  // of chain_order
  std::string actor;                    // of resources_flat
  std::uint64_t rss = 1024 * 1024;      // of resources_flat: octets that it may grow by
  std::uint64_t fds = 0;                // of resources_flat: descriptors that it may grow by
};

struct Expectation {
  std::variant<Count, Never, Always, Eventually, Ordered, Span, Compare, Checker> item;
  std::optional<Witness> witness;
  Place place;                  // of the item
  std::optional<Place> record;  // of the matrix record that a value of it came from
};

struct Supervisor {
  std::string name = "supervisor";
  std::string host = "box";
  std::string serves = "agent";
  net::Endpoint listen;
  // By the names of base::limit_fields(): times in nanoseconds, the rest as it is.
  struct Limit {
    bool time = false;
    std::int64_t value = 0;
  };
  std::map<std::string, Limit> limits;
  enum class Forward { shared, private_only };
  Forward forward = Forward::shared;
  bool identity_required = false;  // `identity: required`: programs are told apart
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;
  bool up = true;                                       // `initially`
  base::Duration poll = std::chrono::milliseconds(50);  // how often it asks the gateway
  std::string upstream_proxy;                    // a provider of the dialect `proxy`; empty: none
  std::map<std::string, std::uint64_t> rlimits;  // nofile: most descriptors
  // Its own, else the scenario's; complete as Cell's. With a gateway every route is the same.
  std::string policy_yaml;
  std::optional<Inference> inference;
};

// The control plane. Where there is one, the supervisor gets policy, route, keys and registrations
// from it by polling, else from files.
struct Gateway {
  std::string host = "box";
  net::Endpoint listen;                          // port 0: a free one
  bool up = true;                                // `initially`
  bool store_file = false;                       // `store: file`: outlives its process
  bool tokens = true;                            // who has none is nobody
  std::map<std::string, std::uint64_t> rlimits;  // nofile: most descriptors
};

// The veth pair of an inner host: 10.200.N.1 at its parent, 10.200.N.2 inside, /24. Where neither
// of the two has `ipv6: disabled` also fd00:10:200:N::1 and ::2, /64.
struct InnerLink {
  std::string parent;
  net::IpAddress outer, inner;
  int prefix = 24;
  std::optional<net::IpAddress> outer6, inner6;
};

struct KnownIssue {
  std::string ref, reason;
};

// One point of the matrix with everything decoded for it.
struct Cell {
  std::string name;                           // `AXIS=LABEL,...`; empty without a matrix
  std::map<std::string, std::string> values;  // label by axis
  // box and agent first, then as written; those that nothing uses are left out.
  std::vector<topology::HostSpec> hosts;
  std::map<std::string, InnerLink> inner_links;  // by inner host
  std::vector<topology::NetworkSpec> networks;
  std::vector<topology::FirewallRule> firewall;  // in the order of the file
  topology::Zone zone;                           // with the providers' names
  std::vector<providers::ProviderSpec> providers;
  std::vector<providers::DecoySpec> decoys;
  std::vector<middleware::ServiceSpec> middleware;
  std::optional<Gateway> gateway;
  std::string policy_yaml;  // complete: version and binaries filled in
  std::optional<Inference> inference;
  std::vector<Supervisor> supervisors;  // in the order of the file; each serves a host of its own
  std::vector<Step> steps;              // in the order of the file
  // Those whose `when` fits this cell, but for `across` (Scenario::across).
  std::vector<Expectation> expect;
  std::optional<KnownIssue> known_issue;  // if it applies to this cell
};

// The verdict that each cell is made to have, for tests of the harness on itself.
struct Yields {
  std::string verdict;  // fail, vacuous, escape, leak, timeout
  std::string claim;    // a piece of what is claimed or observed; empty: any
  Place place;
};

struct Need {
  std::string name;      // ipv6 landlock seccomp netem root, or `command`
  std::string command;   // of `command`
  std::string version;   // `>=20`, or empty
  bool derived = false;  // from `run: [node, ...]`
};

struct Axis {
  std::string name;
  std::vector<std::string> labels;
};

// An expectation over cells: it holds in every group (the cells that agree in all other axes).
struct AcrossItem {
  Expectation expectation;                       // its item is a Compare with `across`
  std::vector<std::vector<std::size_t>> groups;  // indices into Scenario::cells, each at least one
};

struct Scenario {
  std::string path;    // as given to the loader; names in messages
  std::string folder;  // that relative paths are relative to
  std::string title;
  Place title_place;
  std::vector<std::string> reproduces;
  struct Requirement {
    std::string id;
    std::string level = "must";
  };
  std::optional<Requirement> requirement;
  std::vector<std::string> kills, source, tags;
  std::vector<Need> needs;
  std::optional<Yields> yields;
  base::Duration timeout{std::chrono::seconds(10)};
  std::uint64_t seed = 0;
  std::vector<Axis> axes;
  std::vector<Cell> cells;  // at least one
  std::vector<AcrossItem> across;
  // The file after includes and --set, before the matrix; what plan prints.
  std::shared_ptr<const Node> tree;
  // Every file that the scenario was read from, itself first.
  std::vector<std::string> files;

  // The lines of `file` as they were read, for messages with a caret; null when it isn't ours.
  [[nodiscard]] const std::string* text_of(const std::string& file) const;
  std::map<std::string, std::string> texts;
};

// Null when there is none of that name.
[[nodiscard]] const Supervisor* supervisor_named(const Cell& cell, std::string_view name);

// Multiplies every pace, pause and bound of the cell (--slow). Not the supervisor's limits and
// poll, nor the timeouts of middleware services: who is told those is told the factor too, and
// multiplies also what no scenario names.
void scale(Cell& cell, double factor);

}  // namespace sallyport::sim::scenario
