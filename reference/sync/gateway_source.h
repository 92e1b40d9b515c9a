// A gateway as the source of the configuration: its calls over one channel. All
// of them may be made twice, reports too.
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
  // Whose configuration is asked for, as the gateway knows it: by its id; by its name where the
  // effective policy is reported (the id, where there is none).
  struct Record {
    std::string id, name;
  };
  // Connects to nothing yet. Of the options, the bound of messages is settled here, and
  // whose supervisor this is. An error:
  // rpc::RpcErrc.
  [[nodiscard]] static base::Result<std::unique_ptr<GatewaySource>> create(
      net::Executor executor, const net::Clock& clock, rpc::ChannelOptions options, Record sandbox);

  [[nodiscard]] net::Task<rpc::Status> bundle(
      openshell::inference::v1::GetInferenceBundleResponse& answer,
      base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> config(
      openshell::sandbox::v1::GetSandboxConfigResponse& answer, base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> environment(
      openshell::v1::GetSandboxProviderEnvironmentResponse& answer,
      base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> report_policy(
      const openshell::sandbox::v1::SandboxPolicy& effective, base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> report_status(std::uint32_t version,
                                                     const std::string& error,
                                                     base::TimePoint deadline) override;
  [[nodiscard]] const std::string& name() const override { return channel_->endpoint(); }

 private:
  GatewaySource(std::unique_ptr<rpc::Channel> channel, Record sandbox)
      : channel_(std::move(channel)), sandbox_(std::move(sandbox)) {}

  std::unique_ptr<rpc::Channel> channel_;
  Record sandbox_;
};

}  // namespace sallyport::sync
