// The supervisor under test, reached as users reach it: a process with files, sockets, signals and
// descriptors. This one starts the reference, `sallyport-supervisor serve`. Lives on the world's
// loop; journals `ready`, `config`, `audit` and `exit` of its own name. Never looks inside.
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
#include "simulator/world/process.h"

namespace sallyport::net {
class Clock;
class Deadlines;
}  // namespace sallyport::net
namespace sallyport::sim::journal {
class Journal;
}

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

struct SubjectSpec {
  std::string name = "supervisor";
  std::string binary;              // absolute
  std::string folder;              // its own, in the run's folder; made here
  world::HostView host;            // where it runs
  int sandbox_net_namespace = -1;  // the agent's, handed over by descriptor; -1: none
  net::Endpoint listen;
  std::string policy_yaml;
  std::optional<Route> route;
  std::vector<net::Endpoint> name_servers;
  std::string hosts_file;
  std::string upstream_ca_pem;  // trusted besides the system's; empty: none
  bool private_forward = false;
  std::map<std::string, Limit> limits;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  double slow = 1.0;
};

// How the subject's start ended, if not well.
struct StartFailure {
  std::string what;
};

class Subject {
 public:
  // `step_of` tells the step that an event belongs to; may be null.
  Subject(SubjectSpec spec, net::Executor executor, net::Clock& clock, net::Deadlines& deadlines,
          journal::Journal& journal, std::function<std::string()> step_of);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  // Writes its files, starts it and waits until it says that it is ready, or until `deadline`.
  [[nodiscard]] net::Task<std::optional<StartFailure>> start(base::TimePoint deadline);
  // Journals at once every event that it has written so far: what it wrote before it answered is
  // there when the answer is.
  void drain_audit();
  // TERM, then waits for its end; false when it hadn't ended by `deadline` (it is killed then).
  [[nodiscard]] net::Task<bool> stop(base::TimePoint deadline);

  [[nodiscard]] const SubjectSpec& spec() const;
  [[nodiscard]] bool running() const;
  // Set once it ended: told by `exit` events as well.
  [[nodiscard]] const std::optional<world::Exit>& exit() const;
  // Whether it ended before stop() was called.
  [[nodiscard]] bool crashed() const;
  [[nodiscard]] pid_t pid() const;  // -1 before the start

  // NAME=VALUE of agent.env; empty before the start.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& agent_environment() const;
  // PEM of the sandbox's CA, which agents are to trust; empty when it wrote none.
  [[nodiscard]] const std::string& ca_pem() const;
  // The folder with the CA files, which agents must be able to read.
  [[nodiscard]] std::string ca_folder() const;
  // Everything it wrote to stdout and stderr so far.
  [[nodiscard]] std::string output() const;
  // The last lines of stderr, at most `lines`.
  [[nodiscard]] std::string error_tail(std::size_t lines) const;
  // The files that it was given, by name, for artefacts.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// The two files that a subject is started with, as text; pure.
[[nodiscard]] std::string configuration_yaml(const SubjectSpec& spec);
[[nodiscard]] std::string routes_yaml(const Route& route);

// The fields of an `audit` event from an OCSF event's JSON (scenario reference, section 9); nothing
// when it isn't one.
[[nodiscard]] std::optional<std::map<std::string, std::string>> audit_fields(
    const std::string& json);

}  // namespace sallyport::sim::subject
