// A stage for tests: answers as it is told and remembers what it was asked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/registry.h"
#include "reference/middleware/stage.h"
#include "reference/net/clock.h"

namespace sallyport::middleware::testing {

namespace pb = openshell::middleware::v1;

class FakeStage final : public Stage {
 public:
  using Answer =
      std::function<rpc::Status(const pb::HttpRequestEvaluation&, pb::HttpRequestResult&)>;

  // Without an answer it allows.
  explicit FakeStage(Answer answer = {}) : answer_(std::move(answer)) {}

  // From now on no answer comes before the deadline.
  void hang(net::Clock& clock) { clock_ = &clock; }

  net::Task<rpc::Status> evaluate(const pb::HttpRequestEvaluation& request,
                                  pb::HttpRequestResult& result,
                                  base::TimePoint deadline) override {
    seen.push_back(request);
    if (clock_ != nullptr) co_return co_await expire(deadline);
    if (answer_) co_return answer_(request, result);
    result.set_decision(pb::DECISION_ALLOW);
    co_return rpc::Status{};
  }

  net::Task<rpc::Status> validate(const google::protobuf::Struct& config,
                                  const std::string& implementation, std::string& refusal,
                                  base::TimePoint deadline) override {
    validated.push_back(implementation + " " + std::to_string(config.fields_size()));
    if (clock_ != nullptr) co_return co_await expire(deadline);
    refusal = refusal_;
    co_return validation_;
  }

  void refuse(std::string reason) { refusal_ = std::move(reason); }
  void fail_validation(rpc::Status status) { validation_ = std::move(status); }

  std::vector<pb::HttpRequestEvaluation> seen;
  std::vector<std::string> validated;  // implementation, number of members

 private:
  net::Task<rpc::Status> expire(base::TimePoint deadline) {
    co_await clock_->sleep_until(deadline);
    rpc::Status status;
    status.code = rpc::Code::deadline_exceeded;
    co_return status;
  }

  Answer answer_;
  net::Clock* clock_ = nullptr;
  std::string refusal_;
  rpc::Status validation_;
};

// A service of that name, as a registry has it: 1 MiB, half a second.
inline Implementation service(std::string name, std::shared_ptr<Stage> stage) {
  Implementation one;
  one.name = std::move(name);
  one.external = true;
  one.operator_timeout = std::chrono::milliseconds(500);
  one.bindings.http = Binding{1024ULL * 1024, one.operator_timeout};
  one.stage = std::move(stage);
  return one;
}

}  // namespace sallyport::middleware::testing
