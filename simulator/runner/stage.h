// Everything that is alive in one world: the loop, the journal, hosts, actors, the subject, keys
// and nonces. Built by pid 1 of the world from a cell; all else of the runner works on it. Members
// are in the order in which they may refer to each other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/log.h"
#include "reference/base/random.h"
#include "reference/net/deadlines.h"
#include "reference/net/loop_clock.h"
#include "reference/net/task_group.h"
#include "simulator/agents/client.h"
#include "simulator/journal/journal.h"
#include "simulator/middleware/service.h"
#include "simulator/providers/decoy.h"
#include "simulator/providers/provider.h"
#include "simulator/runner/escapes.h"
#include "simulator/runner/leaks.h"
#include "simulator/runner/record.h"
#include "simulator/runner/result.h"
#include "simulator/scenario/scenario.h"
#include "simulator/subject/gateway.h"
#include "simulator/subject/subject.h"
#include "simulator/topology/escape_guard.h"
#include "simulator/topology/faults.h"
#include "simulator/topology/firewall.h"
#include "simulator/topology/hop.h"
#include "simulator/topology/hosts.h"
#include "simulator/topology/name_server.h"
#include "simulator/wire/certificates.h"
#include "simulator/wire/tls.h"

namespace sallyport::sim::runner {

// What the scheduler tells every world.
struct StageOptions {
  // Absolute paths.
  std::string supervisor_binary, gateway_binary, middleware_binary;
  std::string run_folder;  // writable, this cell's own
  subject::Description subject = subject::reference_description();
  double slow = 1.0;
  bool ids = false;                   // agents can be given an id of their own
  bool trace = false;                 // results tell what happened, in order
  std::optional<std::uint64_t> seed;  // instead of the scenario's
};

// A key that may be seen on the way to its provider only; or a token, to the gateway (`provider`).
struct Canary {
  std::string provider;
  std::string key;
  std::string value;
};

// What the control plane says by now: the cell's own words, and what steps made of them.
struct ControlPlane {
  // By supervisor; may hold variables. With a gateway every route is the same.
  std::map<std::string, std::string> policies;
  std::map<std::string, std::optional<scenario::Inference>> routes;
  std::map<std::string, std::string> keys;  // the key that it hands out, by provider
  std::set<std::string> deleted;            // providers without a record
};

struct Squatter;  // process_faults.cc

class Stage {
 public:
  Stage(const scenario::Scenario& scenario, const scenario::Cell& cell, StageOptions options);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Each answers what went wrong, or nothing. In this order.
  [[nodiscard]] std::optional<std::string> build_hosts();
  // Light actors run after it; processes (gateway, services, subject) are made, but not started:
  // that is start_processes()'s (processes.h).
  [[nodiscard]] std::optional<std::string> start_actors();

  // $(ACTOR.url) and the like; nothing for names that aren't the world's.
  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const;
  [[nodiscard]] journal::Lookup lookup() const;
  // As lookup(), with $(step.nonce).
  [[nodiscard]] journal::Lookup step_lookup(const std::string& nonce) const;

  // A nonce for one exchange of `step`; octets that hold it belong to that step.
  [[nodiscard]] std::string mint_nonce(const std::string& step);
  // A nonce of this run in `bytes`; empty when there is none.
  [[nodiscard]] std::string nonce_in(std::string_view bytes) const;
  // The step whose nonce is in `bytes`, else the only client step under way, else empty.
  [[nodiscard]] std::string step_of(std::string_view bytes) const;
  // The only client step under way, or, when none is, the last that was; empty when there are
  // several.
  [[nodiscard]] std::string only_step() const;
  // As only_step(), of the steps whose way leads through that supervisor where there are several.
  [[nodiscard]] std::string step_behind(const std::string& supervisor) const;

  // The supervisor that serves `host`; null when none does.
  [[nodiscard]] subject::Subject* serving(std::string_view host) const;
  // Whom clients behind that supervisor trust; null until it is ready.
  [[nodiscard]] std::shared_ptr<wire::TlsContext> trust_of(const std::string& supervisor) const;
  // Where an actor listens, and in which host; its port is known even while it is down. CHECKs that
  // there is such an actor.
  struct Listener {
    std::string host;
    net::Endpoint at;
  };
  [[nodiscard]] Listener listener_of(const std::string& actor) const;
  // The actor that listens at `endpoint` as seen by `from`; empty when none is known.
  [[nodiscard]] std::string actor_at(const net::Endpoint& endpoint) const;

  void note(const std::string& step, std::string kind, journal::Fields fields);
  // Journals at once what processes have written and what faults have touched so far.
  void drain();

  const scenario::Scenario& scenario;
  const scenario::Cell& cell;
  const StageOptions options;

  // Before the loop, whose end destroys what still waits there for events.
  base::SystemClock journal_clock;
  journal::Journal journal;
  net::Loop loop;
  net::LoopClock clock;
  net::Deadlines deadlines;
  base::StderrLog log;
  net::TaskGroup group;
  base::SeededRandom random;
  std::optional<topology::Hosts> hosts;
  std::unique_ptr<wire::Authority> authority;
  std::shared_ptr<wire::TlsContext> world_trust;
  std::map<std::string, std::shared_ptr<wire::TlsContext>>
      sandbox_trust;  // by supervisor that is ready
  std::optional<topology::Faults> faults;
  std::optional<topology::Firewall> firewall;
  std::optional<topology::Hops> hops;
  std::optional<topology::EscapeGuard> guard;
  std::unique_ptr<topology::NameServer> name_server;
  std::map<std::string, std::unique_ptr<providers::Provider>> providers;
  std::map<std::string, std::unique_ptr<providers::Decoy>> decoys;
  std::unique_ptr<subject::Gateway> gateway;
  std::map<std::string, std::unique_ptr<middleware::Service>> services;
  std::map<std::string, std::unique_ptr<subject::Subject>> subjects;  // by name
  agents::ConnectionPool pool;

  std::vector<Canary> canaries;
  std::map<std::string, std::string> variables;
  std::set<std::string> under_way;  // client steps
  std::string last_under_way;
  StepRecords records;
  ControlPlane control;
  std::set<std::string> removed_providers;                 // that a step has taken away
  std::set<std::string> removed_services;                  // by `middleware` steps
  std::map<std::string, scenario::Fault> faults_in_force;  // by the step that began them
  // What ran as a command: its arguments, environment and output, for the secrets rule.
  std::map<std::string, std::string> command_texts;
  std::map<std::string, std::shared_ptr<Squatter>> squatters;  // by the step that began them
  std::map<std::string, Holdings> holdings;                    // by actor, when it had become ready
  std::vector<SeenEscape> escapes;
  std::string guard_off;  // why escapes aren't looked for; empty: they are
  // Something of ours broke; the cell's verdict is `error`.
  std::optional<std::string> trouble;

 private:
  void mint_keys();
  void watch_for_escapes();
  void name_actors();
  [[nodiscard]] providers::Environment environment_for(const std::string& actor,
                                                       const std::string& host);
  // Makes an actor that listens; why it can't, or nothing.
  template <class Actor, class Spec>
  [[nodiscard]] std::optional<std::string> place(
      std::map<std::string, std::unique_ptr<Actor>>& actors, const Spec& spec);
  void make_processes();
  [[nodiscard]] std::uint16_t free_port();
  void choose_ports();

  std::map<std::string, net::Endpoint> process_listeners_;  // of gateway and services
  std::set<std::uint16_t> taken_ports_;                     // written, or chosen by now
  std::map<std::string, std::string, std::less<>> nonces_;
};

// `http://api.test`, `https://10.0.0.1:8443`: the port is left out where it is the scheme's.
[[nodiscard]] std::string url_of(const providers::ProviderSpec& spec, std::uint16_t port);

// As seen by its own host: a wildcard listener is at 127.0.0.1.
[[nodiscard]] net::IpAddress own_address(const net::Endpoint& listen);

inline constexpr const char* kGateway = "gateway";
// Who holds a token of the gateway's: its operator (no actor has such a name), or a supervisor.
inline constexpr const char* kOperator = "operator of the gateway";
[[nodiscard]] inline std::string token_name(const std::string& holder) {
  return "token of " + holder;
}

}  // namespace sallyport::sim::runner
