// The gRPC server: the three services over the Apis, on gRPC's own threads. The one unit here that
// includes gRPC is server.cc. Made and ended by one thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference/gateway/access.h"
#include "reference/gateway/call_log.h"
#include "reference/gateway/inference_api.h"
#include "reference/gateway/provider_api.h"
#include "reference/gateway/sandbox_api.h"
#include "reference/gateway/server_tls.h"
#include "reference/net/address.h"

namespace sallyport::gateway {

// Has a sandbox known by another token, or by none when its SHA-256 is empty; the one before goes
// on being known if that is wanted.
using SetToken = std::function<rpc::Status(const std::string& sandbox, const std::string& sha256,
                                           bool keep_previous)>;

struct Apis {
  InferenceApi& inference;
  ProviderApi& providers;
  SandboxApi& sandboxes;
  TokenBook& tokens;
  FindSandbox find;  // from any thread, as set_token
  SetToken set_token;
};

struct Listening {
  std::span<const net::Endpoint> listen;
  bool anywhere = false;  // callers without a token are believed wherever they are
  const ServerTls* tls = nullptr;
};

class Server {
 public:
  // Serves until it is destroyed; calls under way then have half a second. Null when an address
  // can't be bound, and `failure` says which. What `apis` names and `calls` must outlive it.
  [[nodiscard]] static std::unique_ptr<Server> start(const Listening& how, Apis apis,
                                                     CallLog& calls, std::string& failure);
  virtual ~Server() = default;
  // What was asked for, with the ports that were taken.
  [[nodiscard]] virtual const std::vector<net::Endpoint>& listen() const = 0;
};

// Whether gRPC's name of a peer (`ipv4:127.0.0.1:5`, `ipv6:%5B::1%5D:5`) is on loopback.
[[nodiscard]] bool is_loopback_peer(std::string_view peer);

// A text that fits an answer's trailers: 2 KiB, cut between characters.
[[nodiscard]] std::string bounded_message(std::string text);

}  // namespace sallyport::gateway
