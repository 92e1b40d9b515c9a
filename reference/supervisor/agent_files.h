// The files that a supervisor leaves for its agent: the sandbox CA, a bundle with the system's
// roots, and the environment that points clients at the proxy and at those roots
// (OpenShell openshell-supervisor-process/src/child_env.rs, l7/tls.rs write_ca_files).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reference/net/address.h"

namespace sallyport::supervisor {

// Of credentials, by variable.
using Placeholders = std::map<std::string, std::string>;

struct AgentFiles {
  std::string ca;      // openshell-ca.pem: the sandbox's CA alone
  std::string bundle;  // ca-bundle.pem: the system's roots and that CA
  std::string env;     // agent.env: NAME=VALUE lines
};

// The absolute paths under `folder`.
[[nodiscard]] AgentFiles agent_files(const std::string& folder);

// The agent's variables, in the order of the file. `proxy` is the address that agents reach; an
// unspecified one (0.0.0.0, ::) becomes the loopback of its family.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> agent_environment(
    const net::Endpoint& proxy, const AgentFiles& files);

// Makes the folder of the files if need be. Nothing on success, else what failed and why.
[[nodiscard]] std::string make_folder(const AgentFiles& files);
[[nodiscard]] std::string folder_of(const AgentFiles& files);

// Replaces agent.env by a rename: a reader sees the old file or the new one. The other two are
// tls::write_client_files()'s. Nothing on success, else what failed and why.
// A placeholder whose variable is one of the proxy's own is left out.
[[nodiscard]] std::string write_environment(const AgentFiles& files, const net::Endpoint& proxy,
                                            const Placeholders& placeholders = {});

}  // namespace sallyport::supervisor
