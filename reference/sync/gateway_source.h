// A gateway as the source of the configuration: its calls over one channel.
#pragma once

#include <memory>
#include <string>

#include "reference/base/result.h"
#include "reference/net/clock.h"
#include "reference/rpc/channel.h"
#include "reference/sync/source.h"

namespace sallyport::sync {

class GatewaySource final : public ConfigSource {
 public:
  // Connects to nothing yet. `sandbox` is the id of the record whose configuration is asked for;
  // `ca_pem` as in rpc::ChannelOptions. An error: rpc::RpcErrc.
  [[nodiscard]] static base::Result<std::unique_ptr<GatewaySource>> create(
      net::Executor executor, const net::Clock& clock, const std::string& endpoint,
      const std::string& ca_pem, std::string sandbox);

  [[nodiscard]] net::Task<rpc::Status> bundle(
      openshell::inference::v1::GetInferenceBundleResponse& answer,
      base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> config(
      openshell::sandbox::v1::GetSandboxConfigResponse& answer, base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> environment(
      openshell::v1::GetSandboxProviderEnvironmentResponse& answer,
      base::TimePoint deadline) override;
  [[nodiscard]] const std::string& name() const override { return channel_->endpoint(); }

 private:
  GatewaySource(std::unique_ptr<rpc::Channel> channel, std::string sandbox)
      : channel_(std::move(channel)), sandbox_(std::move(sandbox)) {}

  std::unique_ptr<rpc::Channel> channel_;
  std::string sandbox_;
};

}  // namespace sallyport::sync
