// SetInferenceRoute and the endpoint that it asks first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/inference/v1/inference.pb.h"
#include "reference/gateway/inference_api.h"
#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::inference::v1;
using rpc::Code;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InferenceVerify : public testing::Test {
 protected:
  InferenceVerify() {
    says_.passed = true;
    says_.url = "https://api.openai.com/v1/responses";
    says_.protocol = "openai_responses";
    request_.set_provider_name("idle");
    request_.set_model_id("m");
  }
  [[nodiscard]] Route stored() const {
    return store_.snapshot().routes.at(std::string(kUserRoute));
  }

  base::SystemClock clock_;
  Store store_{used_state()};  // its route leads to the provider `p`
  inference::ProbeVerdict says_;
  std::vector<std::string> asked_;  // endpoint, model and key of each
  std::function<void()> meanwhile_ = [] {};
  InferenceApi api_{store_, clock_, [this](const inference::Route& route) {
                      asked_.push_back(route.base.host_field + " " + route.model_json + " " +
                                       std::string(route.api_key.reveal()));
                      meanwhile_();
                      return says_;
                    }};
  wire::SetInferenceRouteRequest request_;
  wire::SetInferenceRouteResponse response_;
};

TEST_F(InferenceVerify, AsksTheEndpointAsASupervisorWould) {
  ASSERT_TRUE(api_.set(request_, response_).ok());
  EXPECT_THAT(asked_, ElementsAre("api.openai.com \"m\" sk-1"));
  EXPECT_TRUE(response_.validation_performed());
  ASSERT_EQ(response_.validated_endpoints_size(), 1);
  EXPECT_EQ(response_.validated_endpoints(0).url(), says_.url);
  EXPECT_EQ(response_.validated_endpoints(0).protocol(), says_.protocol);
  EXPECT_EQ(stored().provider, "idle");
}

TEST_F(InferenceVerify, StoresNothingWhenTheEndpointFails) {
  says_.passed = false;
  says_.fault = inference::ProbeFault::credentials;
  says_.details = "it was refused.";
  const rpc::Status status = api_.set(request_, response_);
  EXPECT_EQ(status.code, Code::failed_precondition);
  EXPECT_THAT(status.message,
              AllOf(HasSubstr("failed to verify inference endpoint for provider 'idle' and model "
                              "'m' at 'https://api.openai.com/v1': it was refused. Next steps: "),
                    HasSubstr("--no-verify")));
  EXPECT_EQ(stored().provider, "p");
  EXPECT_EQ(stored().version, 1U);
}

TEST_F(InferenceVerify, AsksNobodyWhenToldNotTo) {
  says_.passed = false;
  request_.set_verify(true);  // no_verify alone decides
  request_.set_no_verify(true);
  ASSERT_TRUE(api_.set(request_, response_).ok());
  EXPECT_TRUE(asked_.empty());
  EXPECT_FALSE(response_.validation_performed());
  EXPECT_EQ(response_.validated_endpoints_size(), 0);
}

TEST_F(InferenceVerify, AsksNobodyForARouteThatCannotBeResolved) {
  request_.set_provider_name("none");
  EXPECT_EQ(api_.set(request_, response_).code, Code::failed_precondition);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(InferenceVerify, LeavesARouteThatWasSetWhileTheEndpointWasAsked) {
  meanwhile_ = [this] {
    EXPECT_TRUE(store_.set_route(std::string(kUserRoute), route("p", "quick")));
  };
  EXPECT_EQ(api_.set(request_, response_).code, Code::aborted);
  EXPECT_EQ(stored().model, "quick");
}

TEST_F(InferenceVerify, DoesNotStoreForAProviderThatWasChangedWhileItsEndpointWasAsked) {
  meanwhile_ = [this] {
    ProviderChange change;
    change.name = "idle";
    change.credentials.emplace("OPENAI_API_KEY", base::Secret("sk-2"));
    EXPECT_TRUE(store_.update_provider(change));
  };
  EXPECT_EQ(api_.set(request_, response_).code, Code::aborted);
  EXPECT_EQ(stored().provider, "p");
}

}  // namespace
}  // namespace sallyport::gateway
