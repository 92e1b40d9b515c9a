// The command line of sallyport-gateway: the server's flags, or one command of its client. Pure but
// for the environment variables of --gateway, --ca and --token-file. Users' reference:
// docs/gateway.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/clock.h"

namespace sallyport::gateway {

struct ServeFlags {
  std::string config;
  std::optional<std::string> state;  // instead of the file's
  bool check = false;
  int ready_fd = -1;  // -1: none
  int call_fd = -1;
};

enum class Verb {
  provider_create,
  provider_update,
  provider_get,
  provider_list,
  provider_delete,
  inference_set,
  inference_update,
  inference_get,
  inference_delete,
  policy_set,
  middleware_set,
  sandbox_create,
  sandbox_get,
  sandbox_list,
  sandbox_delete,
  sandbox_attach,
  sandbox_detach,
  sandbox_status,
  sandbox_token,
  token_create,  // asks no gateway
  status,
};

struct ClientFlags {
  Verb verb = Verb::status;
  std::string gateway;
  std::string ca_file;  // trusted for https:// instead of the system's roots; empty: the system's
  std::string token_file;  // whose token is sent; empty: none
  bool insecure = false;   // over http:// to elsewhere than this machine too
  // Whose policy, and whose revisions are told; empty: none. The first, and all that were named.
  std::string sandbox;
  std::vector<std::string> sandboxes;
  bool json = false;
  base::Duration timeout = std::chrono::seconds(2);

  std::string name;  // of a provider or sandbox
  std::string type;
  std::vector<std::string> credentials;         // variables' names
  std::vector<std::string> credential_files;    // K=PATH
  std::vector<std::string> remove_credentials;  // keys
  std::vector<std::string> config;              // K=V; an empty V deletes
  std::vector<std::string> endpoints;           // HOST:PORT[/PATH]; replaces all
  std::uint64_t version = 0;                    // expected; 0: any
  bool force = false;

  std::optional<std::string> provider;
  std::optional<std::string> model;
  std::optional<std::uint64_t> route_timeout_s;
  bool no_verify = false;

  std::vector<std::string> providers;  // of a sandbox
  std::string token_out;               // where its token is put; empty: it gets none
  bool keep_previous = false;
  bool revoke = false;

  std::string file;
};

struct CommandLine {
  std::optional<ServeFlags> serve;
  std::optional<ClientFlags> client;
  // Without either: what to print (to stdout for 0, else to stderr), and the exit code.
  std::string output;
  int exit_code = 0;
};

[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

// Why the descriptors of `flags` can't be used, one line each; empty when they can.
[[nodiscard]] std::vector<std::string> check_descriptors(const ServeFlags& flags);

}  // namespace sallyport::gateway
