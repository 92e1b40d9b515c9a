#include "reference/sync/gateway_source.h"

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"

namespace sallyport::sync {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 64ULL * 1024 * 1024;

}  // namespace

bool is_outage(rpc::Code code) {
  switch (code) {
    case rpc::Code::unavailable:
    case rpc::Code::deadline_exceeded:
    case rpc::Code::cancelled:
    case rpc::Code::resource_exhausted:
    case rpc::Code::aborted:
    case rpc::Code::internal:
    case rpc::Code::unknown:
      return true;
    default:
      return false;
  }
}

base::Result<std::unique_ptr<GatewaySource>> GatewaySource::create(net::Executor executor,
                                                                   const net::Clock& clock,
                                                                   rpc::ChannelOptions options,
                                                                   Record sandbox) {
  // An answer over the bound would look like an outage for ever, and leave what it takes away.
  options.message_bytes_max = kAnswerBytesMax;
  options.metadata.emplace(rpc::kClaimKey, sandbox.id);
  auto channel = rpc::Channel::create(executor, clock, std::move(options));
  if (!channel) return channel.error();
  return std::unique_ptr<GatewaySource>(new GatewaySource(std::move(*channel), std::move(sandbox)));
}

net::Task<rpc::Status> GatewaySource::bundle(
    openshell::inference::v1::GetInferenceBundleResponse& answer, base::TimePoint deadline) {
  const openshell::inference::v1::GetInferenceBundleRequest request;
  co_return co_await channel_->unary("/openshell.inference.v1.Inference/GetInferenceBundle",
                                     request, answer, deadline);
}

net::Task<rpc::Status> GatewaySource::config(
    openshell::sandbox::v1::GetSandboxConfigResponse& answer, base::TimePoint deadline) {
  openshell::sandbox::v1::GetSandboxConfigRequest request;
  request.set_sandbox_id(sandbox_.id);
  co_return co_await channel_->unary("/openshell.v1.OpenShell/GetSandboxConfig", request, answer,
                                     deadline);
}

net::Task<rpc::Status> GatewaySource::environment(
    openshell::v1::GetSandboxProviderEnvironmentResponse& answer, base::TimePoint deadline) {
  openshell::v1::GetSandboxProviderEnvironmentRequest request;
  request.set_sandbox_id(sandbox_.id);
  request.set_supports_static_credential_bindings(true);
  co_return co_await channel_->unary("/openshell.v1.OpenShell/GetSandboxProviderEnvironment",
                                     request, answer, deadline);
}

net::Task<rpc::Status> GatewaySource::report_policy(
    const openshell::sandbox::v1::SandboxPolicy& effective, base::TimePoint deadline) {
  openshell::v1::UpdateConfigRequest request;
  request.set_name(sandbox_.name.empty() ? sandbox_.id : sandbox_.name);
  *request.mutable_policy() = effective;
  openshell::v1::UpdateConfigResponse answer;
  co_return co_await channel_->unary("/openshell.v1.OpenShell/UpdateConfig", request, answer,
                                     deadline);
}

net::Task<rpc::Status> GatewaySource::report_status(std::uint32_t version, const std::string& error,
                                                    base::TimePoint deadline) {
  openshell::v1::ReportPolicyStatusRequest request;
  request.set_sandbox_id(sandbox_.id);
  request.set_version(version);
  request.set_status(error.empty() ? openshell::v1::POLICY_STATUS_LOADED
                                   : openshell::v1::POLICY_STATUS_FAILED);
  request.set_load_error(error);
  openshell::v1::ReportPolicyStatusResponse answer;
  co_return co_await channel_->unary("/openshell.v1.OpenShell/ReportPolicyStatus", request, answer,
                                     deadline);
}

}  // namespace sallyport::sync
