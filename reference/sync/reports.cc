#include "reference/sync/reports.h"

#include <utility>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/policy/wire.h"

namespace sallyport::sync {

Reports::Reports() = default;
Reports::~Reports() = default;

void Reports::expect_policy(std::unique_ptr<openshell::sandbox::v1::SandboxPolicy> effective) {
  policy_ = std::move(effective);
  if (policy_ && policy::policy_document(*policy_) == just_heard_) policy_.reset();
}

void Reports::expect_status(std::uint32_t version, std::string error) {
  if (version == 0 || !statuses_served_) return;
  Loading loading;
  loading.version = version;
  loading.error = std::move(error);
  loading_ = std::move(loading);
}

net::Task<rpc::Status> Reports::send(ConfigSource& source, base::TimePoint deadline) {
  rpc::Status refusal;
  just_heard_.clear();
  if (policy_) {
    rpc::Status status = co_await source.report_policy(*policy_, deadline);
    if (status.ok()) just_heard_ = policy::policy_document(*policy_);
    if (!is_outage(status.code)) {
      policy_.reset();
      refusal = std::move(status);
    }
  }
  if (loading_) {
    const rpc::Status status =
        co_await source.report_status(loading_->version, loading_->error, deadline);
    if (!is_outage(status.code)) loading_.reset();
    if (status.code == rpc::Code::unimplemented) statuses_served_ = false;
  }
  co_return refusal;
}

}  // namespace sallyport::sync
