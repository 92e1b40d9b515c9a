// The supervisor under test, reached as users reach it: a process with files, sockets, signals and
// descriptors, started as its description says (description.h), the reference like any other. Lives
// on the world's loop; journals `ready`, `config`, `audit` and `exit` of its own name. It may be
// stopped and started again. Never looks inside.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"
#include "simulator/subject/daemon.h"
#include "simulator/subject/description.h"
#include "simulator/world/process.h"

namespace sallyport::sim::subject {

// What `inference.local` leads to.
struct Route {
  std::string base_url;
  std::string model;
  std::string provider_type;
  std::string api_key;  // a canary; empty: none
  std::vector<std::string> protocols;
  std::optional<base::Duration> timeout;
};

struct Limit {
  bool time = false;       // else a count or octets
  bool octets = false;     // written as a size
  std::int64_t value = 0;  // nanoseconds, or as it is
};

// A middleware service as the operator registered it.
struct Registration {
  std::string name;
  std::string endpoint;  // http://ADDRESS:PORT, or https://
  std::uint64_t max_payload = 0;
  base::Duration timeout{0};
  std::string ca_pem = {};  // that its certificate is judged by; empty: the system's
};

// The gateway that a subject gets its configuration from.
struct Uplink {
  std::string endpoint;  // http://ADDRESS:PORT
  std::string sandbox;
  base::Duration poll{0};
  std::string token;      // empty: it has none
  bool insecure = false;  // the token goes to elsewhere than loopback without TLS
};

// What the gateway calls the parts of a configuration; members are empty where it doesn't say.
struct Revisions {
  std::string config, bundle, environment;
};

struct SubjectSpec {
  std::string name = "supervisor";
  Description description = reference_description();
  std::string binary;              // `${program}`: the reference's, absolute
  std::string folder;              // its own, in the run's folder; made here
  world::HostView host;            // where it runs
  int sandbox_net_namespace = -1;  // the agent's, handed over by descriptor; -1: none
  world::HostView agent_host;      // where a holding process is put for `${sandbox_pid}`
  std::optional<net::IpAddress> agent_address;
  net::Endpoint listen;
  std::optional<Uplink> uplink;  // none: policy, route and registrations are files
  std::string policy_yaml;
  std::optional<Route> route;
  bool routes_file = false;  // there is one even without a route: it may get one
  std::vector<Registration> middleware;
  std::vector<net::Endpoint> name_servers;
  std::string hosts_file;
  std::string upstream_ca_pem;  // trusted besides the system's; empty: none
  bool private_forward = false;
  bool identity_required = false;  // else `binaries` of the policy are ignored
  std::map<std::string, Limit> limits;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  double slow = 1.0;
};

class Subject {
 public:
  // `step_of` tells the step that an event belongs to; may be null.
  Subject(SubjectSpec spec, net::Executor executor, net::Deadlines& deadlines,
          journal::Journal& journal, std::function<std::string()> step_of);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  // Writes its files, starts it and waits until it says that it is ready, or until `deadline`.
  [[nodiscard]] net::Task<std::optional<StartFailure>> start(base::TimePoint deadline);
  // Replaces the two files that it reads again, and tells it to if it is running. Only without an
  // uplink.
  [[nodiscard]] bool reconfigure(std::string policy_yaml, std::optional<Route> route);
  // What it has said of its configuration: how many `config` events of each state, over all runs.
  struct Configured {
    std::uint64_t loaded = 0;
    std::uint64_t stale = 0;
    std::uint64_t failed = 0;
    std::string failed_part;  // of the last that failed: policy, routes ...; empty: the whole
    std::string failed_why;
    Revisions revisions;  // of the last that was loaded in this run
    std::uint64_t loaded_in_run = 0;
  };
  [[nodiscard]] const Configured& configured() const;

  // Whether it says by events what it works by; else it works by its files when it is ready.
  [[nodiscard]] bool tells_configuration() const;
  // The process in the agent's namespace that it has reported in this run; none when the namespace
  // was given to it.
  [[nodiscard]] std::optional<pid_t> holder() const;
  // After its end: nobody sits in the agent's namespace for it any more.
  [[nodiscard]] net::Task<void> let_go();
  // Journals at once what it has told so far, in a log file too.
  void drain();

  // Its process: stop, freeze, output and the like. Started by start() alone.
  [[nodiscard]] Daemon& process();
  [[nodiscard]] const Daemon& process() const;
  [[nodiscard]] const SubjectSpec& spec() const;

  // NAME=VALUE of its file for agents, which it may write anew, and what its description gives them
  // besides; empty before the start.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> agent_environment() const;
  // PEM of the sandbox's CA, which agents are to trust; empty when it has none, and then they trust
  // whom its upstreams are to be trusted by.
  [[nodiscard]] const std::string& ca_pem() const;
  // The folder or file which agents must be able to read.
  [[nodiscard]] std::string ca_folder() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The two files that a subject is started with, as text; pure.
[[nodiscard]] std::string configuration_yaml(const SubjectSpec& spec);
[[nodiscard]] std::string routes_yaml(const std::optional<Route>& route);
// `  - {name: ..., grpc_endpoint: ..., ...}` lines, as both programs read them.
[[nodiscard]] std::string registrations_yaml(const std::vector<Registration>& registrations);
// The CAs that it names, beside the configuration; false when one can't be written.
[[nodiscard]] bool write_registered_cas(const std::vector<Registration>& registrations,
                                        const std::string& folder);
// `text` as a double-quoted scalar.
[[nodiscard]] std::string quoted(const std::string& text);

// The fields of an `audit` event from an OCSF event's JSON (scenario reference, section 9); nothing
// when it isn't one.
[[nodiscard]] std::optional<std::map<std::string, std::string>> audit_fields(
    const std::string& json);

}  // namespace sallyport::sim::subject
