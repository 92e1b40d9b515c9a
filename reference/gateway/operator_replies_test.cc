// No reply to an operator holds the value of a credential: each of an operator's calls, made so
// that it succeeds and so that it is refused, with values that can't be overlooked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/base/random.h"
#include "reference/gateway/inference_api.h"
#include "reference/gateway/provider_api.h"
#include "reference/gateway/sandbox_api.h"
#include "reference/gateway/test_records.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;
namespace inference_wire = ::openshell::inference::v1;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kCanary = "sk-canary-77";
const Caller kOperator{Caller::Kind::operator_, {}};

State canaries() {
  State state = used_state();
  for (auto& [name, record] : state.providers) {
    record.credentials.at("OPENAI_API_KEY") = base::Secret(kCanary);
    record.credentials.emplace("OTHER", base::Secret(kCanary));
    record.endpoints = {{"api.test", 443, ""}};
  }
  return state;
}

class AnOperatorsReply : public testing::Test {
 protected:
  // Whatever became of the call.
  template <class Response>
  rpc::Status look(rpc::Status status, const Response& response) {
    const std::string all = response.SerializeAsString() + response.DebugString() + status.message;
    EXPECT_THAT(all, Not(HasSubstr("canary"))) << response.GetTypeName();
    ++looked_;
    return status;
  }
  template <class Response, class Api, class Method, class Request>
  rpc::Status call(Api& api, Method method, const Request& request) {
    Response response;
    rpc::Status status = (api.*method)(request, response);
    return look(std::move(status), response);
  }
  static void put_canary(openshell::datamodel::v1::Provider& provider, const std::string& more) {
    provider.set_type("openai");
    (*provider.mutable_credentials())["OPENAI_API_KEY"] = kCanary + more;
  }

  base::SystemClock clock_;
  base::SeededRandom random_{1};
  Store store_{canaries()};
  InferenceApi inference_{store_, clock_, [](const inference::Route&) {
                            inference::ProbeVerdict verdict;
                            verdict.details = "no";
                            return verdict;
                          }};
  ProviderApi providers_{store_, clock_, random_};
  SandboxApi sandboxes_{
      store_, clock_, random_,
      [](const policy::Policy&, const std::vector<Registration>&) { return std::string("no"); }};
  int looked_ = 0;
};

TEST_F(AnOperatorsReply, HoldsNoKeyWhenItIsOfAProvider) {
  for (const std::string& more : {std::string(), std::string("\n"), std::string(9000, 'x')}) {
    wire::CreateProviderRequest create;
    create.mutable_provider()->mutable_metadata()->set_name("new");
    put_canary(*create.mutable_provider(), more);
    call<wire::ProviderResponse>(providers_, &ProviderApi::create, create);
    wire::UpdateProviderRequest update;
    update.mutable_provider()->mutable_metadata()->set_name("p");
    put_canary(*update.mutable_provider(), more);
    call<wire::ProviderResponse>(providers_, &ProviderApi::update, update);
    update.mutable_provider()->mutable_metadata()->set_resource_version(99);
    call<wire::ProviderResponse>(providers_, &ProviderApi::update, update);
  }
  wire::GetProviderRequest get;
  get.set_name("p");
  EXPECT_TRUE(call<wire::ProviderResponse>(providers_, &ProviderApi::get, get).ok());
  EXPECT_TRUE(call<wire::ListProvidersResponse>(providers_, &ProviderApi::list,
                                                wire::ListProvidersRequest{})
                  .ok());
  wire::DeleteProviderRequest remove;
  remove.set_name("p");
  EXPECT_FALSE(call<wire::DeleteProviderResponse>(providers_, &ProviderApi::remove, remove).ok());
  v1::ForceDeleteProviderRequest force;
  force.set_name("p");
  EXPECT_TRUE(
      call<v1::ForceDeleteProviderResponse>(providers_, &ProviderApi::force_remove, force).ok());
  EXPECT_EQ(looked_, 13);
}

TEST_F(AnOperatorsReply, HoldsNoKeyWhenItIsOfARoute) {
  inference_wire::SetInferenceRouteRequest set;
  set.set_model_id("m");
  for (const char* name : {"p", "none", ""}) {
    set.set_provider_name(name);
    for (const bool no_verify : {false, true}) {
      set.set_no_verify(no_verify);
      call<inference_wire::SetInferenceRouteResponse>(inference_, &InferenceApi::set, set);
    }
  }
  const inference_wire::GetInferenceRouteRequest get;
  EXPECT_TRUE(
      call<inference_wire::GetInferenceRouteResponse>(inference_, &InferenceApi::get, get).ok());
  const inference_wire::DeleteInferenceRouteRequest remove;
  call<inference_wire::DeleteInferenceRouteResponse>(inference_, &InferenceApi::remove, remove);
}

TEST_F(AnOperatorsReply, HoldsNoKeyWhenItIsOfASandbox) {
  wire::CreateSandboxRequest create;
  create.set_name("new");
  create.mutable_spec()->add_providers("p");
  EXPECT_TRUE(call<wire::SandboxResponse>(sandboxes_, &SandboxApi::create, create).ok());
  wire::GetSandboxRequest get;
  get.set_name("sb");
  EXPECT_TRUE(call<wire::SandboxResponse>(sandboxes_, &SandboxApi::get, get).ok());
  call<wire::ListSandboxesResponse>(sandboxes_, &SandboxApi::list, wire::ListSandboxesRequest{});
  wire::AttachSandboxProviderRequest attach;
  attach.set_sandbox_name("sb");
  attach.set_provider_name("idle");
  EXPECT_TRUE(
      call<wire::AttachSandboxProviderResponse>(providers_, &ProviderApi::attach, attach).ok());
  wire::ListSandboxProvidersRequest attached;
  attached.set_sandbox_name("sb");
  EXPECT_TRUE(
      call<wire::ListSandboxProvidersResponse>(providers_, &ProviderApi::of_sandbox, attached)
          .ok());
  wire::DetachSandboxProviderRequest detach;
  detach.set_sandbox_name("sb");
  detach.set_provider_name("p");
  EXPECT_TRUE(
      call<wire::DetachSandboxProviderResponse>(providers_, &ProviderApi::detach, detach).ok());
  wire::GetSandboxPolicyStatusRequest status;
  status.set_name("sb");
  call<wire::GetSandboxPolicyStatusResponse>(sandboxes_, &SandboxApi::policy_status, status);
  v1::GetRevisionsRequest revisions;
  revisions.set_sandbox_id("sb");
  EXPECT_TRUE(call<v1::GetRevisionsResponse>(sandboxes_, &SandboxApi::revisions, revisions).ok());
  wire::UpdateConfigRequest update;
  update.set_name("sb");
  update.mutable_policy()->set_version(1);
  wire::UpdateConfigResponse updated;
  EXPECT_TRUE(look(sandboxes_.update_config(update, kOperator, updated), updated).ok());
  wire::DeleteSandboxRequest remove;
  remove.set_name("sb");
  EXPECT_TRUE(call<wire::DeleteSandboxResponse>(sandboxes_, &SandboxApi::remove, remove).ok());
}

}  // namespace
}  // namespace sallyport::gateway
