#include "reference/gateway/server.h"

#include <fmt/format.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <openssl/crypto.h>

#include <chrono>
#include <optional>
#include <utility>

#include "openshell/inference/v1/inference.grpc.pb.h"
#include "openshell/v1/openshell.grpc.pb.h"
#include "reference/rpc/token_file.h"
#include "sallyport/gateway/v1/admin.grpc.pb.h"

namespace sallyport::gateway {
namespace {

namespace inference_wire = ::openshell::inference::v1;
namespace sandbox_wire = ::openshell::sandbox::v1;
namespace wire = ::openshell::v1;

using grpc::ServerContext;

constexpr int kThreadsMax = 32;  // calls at once; over it: RESOURCE_EXHAUSTED
constexpr auto kDrain = std::chrono::milliseconds(500);

// What stands before and behind every call: who may, and that it was.
class Desk {
 public:
  Desk(bool anywhere, const Apis& apis, CallLog& calls)
      : anywhere_(anywhere), tokens_(apis.tokens), find_(apis.find), calls_(calls) {}

  // Of a call that names a sandbox, by its name or id.
  template <class Call>
  grpc::Status serve_of(const ServerContext& context, std::string_view rpc,
                        const std::optional<std::string>& sandbox, Call call) {
    rpc::Status status = run(context, rpc, sandbox, call);
    calls_.write(rpc, status.code);
    if (status.ok()) return grpc::Status::OK;
    return {static_cast<grpc::StatusCode>(status.code), bounded_message(std::move(status.message))};
  }
  template <class Call>
  grpc::Status serve(const ServerContext& context, std::string_view rpc, Call call) {
    return serve_of(context, rpc, std::nullopt, [&call](const Caller&) { return call(); });
  }

 private:
  template <class Call>
  rpc::Status run(const ServerContext& context, std::string_view rpc,
                  const std::optional<std::string>& sandbox, Call& call) {
    const Answer<Standing> standing = identify(tokens_, presented_by(context));
    if (!standing) return standing.error();
    rpc::Status refused = judge(rpc, *standing, sandbox, find_);
    return refused.ok() ? call(standing->caller) : refused;
  }

  Presented presented_by(const ServerContext& context) const {
    Presented presented;
    const auto& metadata = context.client_metadata();
    const auto text = [](const grpc::string_ref& value) {
      return std::string(value.data(), value.size());
    };
    const auto [first, last] = metadata.equal_range("authorization");
    for (auto at = first; at != last; ++at) presented.authorization.push_back(text(at->second));
    const auto claim =
        metadata.find(grpc::string_ref(rpc::kClaimKey.data(), rpc::kClaimKey.size()));
    if (claim != metadata.end()) presented.claim = text(claim->second);
    presented.believed = anywhere_ || is_loopback_peer(context.peer());
    return presented;
  }

  bool anywhere_;
  TokenBook& tokens_;
  const FindSandbox& find_;
  CallLog& calls_;
};

class InferenceService final : public inference_wire::Inference::Service {
 public:
  InferenceService(Desk& desk, InferenceApi& api) : desk_(desk), api_(api) {}

  grpc::Status GetInferenceBundle(ServerContext* context,
                                  const inference_wire::GetInferenceBundleRequest*,
                                  inference_wire::GetInferenceBundleResponse* response) override {
    return desk_.serve(*context, "GetInferenceBundle", [&] { return api_.bundle(*response); });
  }
  grpc::Status SetInferenceRoute(ServerContext* context,
                                 const inference_wire::SetInferenceRouteRequest* request,
                                 inference_wire::SetInferenceRouteResponse* response) override {
    return desk_.serve(*context, "SetInferenceRoute",
                       [&] { return api_.set(*request, *response); });
  }
  grpc::Status GetInferenceRoute(ServerContext* context,
                                 const inference_wire::GetInferenceRouteRequest* request,
                                 inference_wire::GetInferenceRouteResponse* response) override {
    return desk_.serve(*context, "GetInferenceRoute",
                       [&] { return api_.get(*request, *response); });
  }
  grpc::Status DeleteInferenceRoute(
      ServerContext* context, const inference_wire::DeleteInferenceRouteRequest* request,
      inference_wire::DeleteInferenceRouteResponse* response) override {
    return desk_.serve(*context, "DeleteInferenceRoute",
                       [&] { return api_.remove(*request, *response); });
  }

 private:
  Desk& desk_;
  InferenceApi& api_;
};

// What isn't here is UNIMPLEMENTED, as gRPC's own base class answers.
class OpenShellService final : public wire::OpenShell::Service {
 public:
  OpenShellService(Desk& desk, ProviderApi& providers, SandboxApi& sandboxes)
      : desk_(desk), providers_(providers), sandboxes_(sandboxes) {}

  grpc::Status Health(ServerContext* context, const wire::HealthRequest*,
                      wire::HealthResponse* response) override {
    return desk_.serve(*context, "Health", [&] {
      response->set_status(wire::SERVICE_STATUS_HEALTHY);
      response->set_version(SALLYPORT_VERSION);
      return rpc::Status{};
    });
  }
  grpc::Status GetSandbox(ServerContext* context, const wire::GetSandboxRequest* request,
                          wire::SandboxResponse* response) override {
    return desk_.serve_of(*context, "GetSandbox", request->name(),
                          [&](const Caller&) { return sandboxes_.get(*request, *response); });
  }
  grpc::Status ListSandboxes(ServerContext* context, const wire::ListSandboxesRequest* request,
                             wire::ListSandboxesResponse* response) override {
    return desk_.serve(*context, "ListSandboxes",
                       [&] { return sandboxes_.list(*request, *response); });
  }
  grpc::Status GetSandboxConfig(ServerContext* context,
                                const sandbox_wire::GetSandboxConfigRequest* request,
                                sandbox_wire::GetSandboxConfigResponse* response) override {
    return desk_.serve_of(*context, "GetSandboxConfig", request->sandbox_id(),
                          [&](const Caller&) { return sandboxes_.config(*request, *response); });
  }
  grpc::Status UpdateConfig(ServerContext* context, const wire::UpdateConfigRequest* request,
                            wire::UpdateConfigResponse* response) override {
    return desk_.serve_of(*context, "UpdateConfig",
                          request->global() ? std::string() : request->name(),
                          [&](const Caller& caller) {
                            return sandboxes_.update_config(*request, caller, *response);
                          });
  }
  grpc::Status GetSandboxProviderEnvironment(
      ServerContext* context, const wire::GetSandboxProviderEnvironmentRequest* request,
      wire::GetSandboxProviderEnvironmentResponse* response) override {
    return desk_.serve_of(
        *context, "GetSandboxProviderEnvironment", request->sandbox_id(),
        [&](const Caller&) { return sandboxes_.environment(*request, *response); });
  }
  grpc::Status ReportPolicyStatus(ServerContext* context,
                                  const wire::ReportPolicyStatusRequest* request,
                                  wire::ReportPolicyStatusResponse* response) override {
    return desk_.serve_of(*context, "ReportPolicyStatus", request->sandbox_id(),
                          [&](const Caller& caller) {
                            return sandboxes_.report_status(*request, caller, *response);
                          });
  }
  grpc::Status GetSandboxPolicyStatus(ServerContext* context,
                                      const wire::GetSandboxPolicyStatusRequest* request,
                                      wire::GetSandboxPolicyStatusResponse* response) override {
    return desk_.serve(*context, "GetSandboxPolicyStatus",
                       [&] { return sandboxes_.policy_status(*request, *response); });
  }
  grpc::Status CreateSandbox(ServerContext* context, const wire::CreateSandboxRequest* request,
                             wire::SandboxResponse* response) override {
    return desk_.serve(*context, "CreateSandbox",
                       [&] { return sandboxes_.create(*request, *response); });
  }
  grpc::Status DeleteSandbox(ServerContext* context, const wire::DeleteSandboxRequest* request,
                             wire::DeleteSandboxResponse* response) override {
    return desk_.serve(*context, "DeleteSandbox",
                       [&] { return sandboxes_.remove(*request, *response); });
  }
  grpc::Status CreateProvider(ServerContext* context, const wire::CreateProviderRequest* request,
                              wire::ProviderResponse* response) override {
    return desk_.serve(*context, "CreateProvider",
                       [&] { return providers_.create(*request, *response); });
  }
  grpc::Status GetProvider(ServerContext* context, const wire::GetProviderRequest* request,
                           wire::ProviderResponse* response) override {
    return desk_.serve(*context, "GetProvider",
                       [&] { return providers_.get(*request, *response); });
  }
  grpc::Status ListProviders(ServerContext* context, const wire::ListProvidersRequest* request,
                             wire::ListProvidersResponse* response) override {
    return desk_.serve(*context, "ListProviders",
                       [&] { return providers_.list(*request, *response); });
  }
  grpc::Status UpdateProvider(ServerContext* context, const wire::UpdateProviderRequest* request,
                              wire::ProviderResponse* response) override {
    return desk_.serve(*context, "UpdateProvider",
                       [&] { return providers_.update(*request, *response); });
  }
  grpc::Status DeleteProvider(ServerContext* context, const wire::DeleteProviderRequest* request,
                              wire::DeleteProviderResponse* response) override {
    return desk_.serve(*context, "DeleteProvider",
                       [&] { return providers_.remove(*request, *response); });
  }
  grpc::Status ListSandboxProviders(ServerContext* context,
                                    const wire::ListSandboxProvidersRequest* request,
                                    wire::ListSandboxProvidersResponse* response) override {
    return desk_.serve(*context, "ListSandboxProviders",
                       [&] { return providers_.of_sandbox(*request, *response); });
  }
  grpc::Status AttachSandboxProvider(ServerContext* context,
                                     const wire::AttachSandboxProviderRequest* request,
                                     wire::AttachSandboxProviderResponse* response) override {
    return desk_.serve(*context, "AttachSandboxProvider",
                       [&] { return providers_.attach(*request, *response); });
  }
  grpc::Status DetachSandboxProvider(ServerContext* context,
                                     const wire::DetachSandboxProviderRequest* request,
                                     wire::DetachSandboxProviderResponse* response) override {
    return desk_.serve(*context, "DetachSandboxProvider",
                       [&] { return providers_.detach(*request, *response); });
  }

 private:
  Desk& desk_;
  ProviderApi& providers_;
  SandboxApi& sandboxes_;
};

class AdminService final : public v1::Admin::Service {
 public:
  AdminService(Desk& desk, ProviderApi& providers, SandboxApi& sandboxes, const SetToken& set_token)
      : desk_(desk), providers_(providers), sandboxes_(sandboxes), set_token_(set_token) {}

  grpc::Status SetMiddlewareServices(ServerContext* context,
                                     const v1::SetMiddlewareServicesRequest* request,
                                     v1::SetMiddlewareServicesResponse*) override {
    return desk_.serve(*context, "SetMiddlewareServices",
                       [&] { return sandboxes_.set_services(*request); });
  }
  grpc::Status ForceDeleteProvider(ServerContext* context,
                                   const v1::ForceDeleteProviderRequest* request,
                                   v1::ForceDeleteProviderResponse* response) override {
    return desk_.serve(*context, "ForceDeleteProvider",
                       [&] { return providers_.force_remove(*request, *response); });
  }
  grpc::Status SetSandboxToken(ServerContext* context, const v1::SetSandboxTokenRequest* request,
                               v1::SetSandboxTokenResponse*) override {
    return desk_.serve(*context, "SetSandboxToken", [&] {
      return set_token_(request->sandbox(), request->sha256(), request->keep_previous());
    });
  }
  grpc::Status GetRevisions(ServerContext* context, const v1::GetRevisionsRequest* request,
                            v1::GetRevisionsResponse* response) override {
    return desk_.serve(*context, "GetRevisions",
                       [&] { return sandboxes_.revisions(*request, *response); });
  }

 private:
  Desk& desk_;
  ProviderApi& providers_;
  SandboxApi& sandboxes_;
  const SetToken& set_token_;
};

void configure(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("gateway");
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // Two gateways on one port would each get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Supervisors ping every ten seconds, calls or not; gRPC's own rule would send them away.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServerTls* tls) {
  if (tls == nullptr) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({std::string(tls->key_pem.reveal()), tls->certificate_pem});
  auto credentials = grpc::SslServerCredentials(options);
  std::string& copy = options.pem_key_cert_pairs.front().private_key;
  ::OPENSSL_cleanse(copy.data(), copy.size());
  return credentials;
}

class GrpcServer final : public Server {
 public:
  GrpcServer(bool anywhere, Apis apis, CallLog& calls)
      : apis_(std::move(apis)),
        desk_(anywhere, apis_, calls),
        inference_(desk_, apis_.inference),
        openshell_(desk_, apis_.providers, apis_.sandboxes),
        admin_(desk_, apis_.providers, apis_.sandboxes, apis_.set_token) {}
  ~GrpcServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kDrain);
  }

  std::string start(std::span<const net::Endpoint> listen, const ServerTls* tls) {
    grpc::ServerBuilder builder;
    configure(builder);
    const auto credentials = credentials_of(tls);
    std::vector<int> ports(listen.size(), 0);
    for (std::size_t i = 0; i < listen.size(); ++i) {
      builder.AddListeningPort(listen[i].to_string(), credentials, &ports[i]);
    }
    builder.RegisterService(&inference_);
    builder.RegisterService(&openshell_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    for (std::size_t i = 0; i < listen.size(); ++i) {
      if (server_ == nullptr || ports[i] == 0) {
        return fmt::format("{} can't be listened on", listen[i].to_string());
      }
      listen_.push_back({listen[i].address, static_cast<std::uint16_t>(ports[i])});
    }
    return {};
  }
  [[nodiscard]] const std::vector<net::Endpoint>& listen() const override { return listen_; }

 private:
  const Apis apis_;
  Desk desk_;
  InferenceService inference_;
  OpenShellService openshell_;
  AdminService admin_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<net::Endpoint> listen_;
};

}  // namespace

std::unique_ptr<Server> Server::start(const Listening& how, Apis apis, CallLog& calls,
                                      std::string& failure) {
  auto server = std::make_unique<GrpcServer>(how.anywhere, std::move(apis), calls);
  failure = server->start(how.listen, how.tls);
  if (!failure.empty()) return nullptr;
  return server;
}

}  // namespace sallyport::gateway
