// The control plane of a world: the reference's `sallyport-gateway serve` as a process in its host,
// and its command line as users reach it, a process for each command. Lives on the world's loop;
// journals `ready`, `call` and `exit` of its own name. Never looks inside.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"
#include "simulator/subject/daemon.h"
#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {

// A provider as the gateway's configuration has it.
struct ProviderRecord {
  std::string name;
  std::string type;
  std::map<std::string, std::string> credentials;  // by variable; canaries
  std::map<std::string, std::string> config;       // OPENAI_BASE_URL ...
  std::string host;                                // where its credentials may go
  std::uint16_t port = 0;
};

struct RouteSetting {
  std::string provider;
  std::string model;
  std::optional<base::Duration> timeout;
};

// A sandbox as the gateway's configuration has it: one for each supervisor, by its name.
struct SandboxRecord {
  std::string name;
  std::string policy_yaml;
  std::vector<std::string> attached;  // providers
  std::string token;                  // its supervisor's; a canary. Empty: none
};

struct GatewaySpec {
  std::string name = "gateway";
  std::string binary;    // absolute
  std::string folder;    // its own, in the run's folder; made here
  world::HostView host;  // where it and its command line run
  net::Endpoint listen;  // with its port
  std::string address;   // http://ADDRESS:PORT, as its own host dials it
  std::vector<ProviderRecord> providers;
  std::optional<RouteSetting> route;
  std::vector<Registration> middleware;
  std::vector<SandboxRecord> sandboxes;
  std::string operator_token;  // a canary; empty: callers need none
  bool store_file = false;     // its state is in a file of its folder, else gone with its process
  // For what it asks providers before it takes a route.
  std::vector<net::Endpoint> name_servers;
  std::string upstream_ca_pem;
};

// What its command line answered.
struct CommandAnswer {
  bool ended = false;  // else time ran out, and it was killed
  std::string code;    // OK, or the gRPC code of a refusal
  std::string detail;
  // What a supervisor has once it is in force, by sandbox; empty when it didn't say.
  std::map<std::string, Revisions> revisions;
  std::string output;  // stdout and stderr, for the secrets rule
};

class Gateway {
 public:
  Gateway(GatewaySpec spec, net::Executor executor, net::Clock& clock, net::Deadlines& deadlines,
          journal::Journal& journal);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Writes its files, starts it and waits until it says that it is ready, or until `deadline`.
  // Started again, it begins from its files; what commands changed is gone with a store in memory.
  [[nodiscard]] net::Task<std::optional<StartFailure>> start(base::TimePoint deadline);
  // `sallyport-gateway ... ARGUMENTS` in its host, with these variables besides, about `sandbox`;
  // empty: about all of them.
  [[nodiscard]] net::Task<CommandAnswer> command(std::string sandbox,
                                                 std::vector<std::string> arguments,
                                                 std::map<std::string, std::string> variables,
                                                 base::TimePoint deadline);
  // Where its operator's token is; empty without one.
  [[nodiscard]] std::string operator_token_file() const;
  // A file of its folder that commands may name; its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;

  // Its process: stop, freeze, output and the like. Started by start() alone.
  [[nodiscard]] Daemon& process();
  [[nodiscard]] const Daemon& process() const;
  [[nodiscard]] const GatewaySpec& spec() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The file that it is started with; pure.
[[nodiscard]] std::string configuration_yaml(const GatewaySpec& spec);

// What a command about `sandboxes` printed; no code when it isn't an answer. Pure.
[[nodiscard]] CommandAnswer parse_answer(const std::string& output,
                                         const std::vector<std::string>& sandboxes);

// The fields of a `call` event from a message of the gateway; nothing when it isn't one. Pure.
[[nodiscard]] std::optional<std::map<std::string, std::string>> call_fields(
    const std::string& json);

// The variable that holds the key of a provider type (`OPENAI_API_KEY`), and the one of its address
// (`OPENAI_BASE_URL`).
[[nodiscard]] std::string key_variable(const std::string& type);
[[nodiscard]] std::string base_url_variable(const std::string& type);

}  // namespace sallyport::sim::subject
