// The Apis over one store, as the server calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/base/random.h"
#include "reference/gateway/inference_api.h"
#include "reference/gateway/messages.h"
#include "reference/gateway/provider_api.h"
#include "reference/gateway/sandbox_api.h"
#include "reference/gateway/test_records.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;
namespace inference_wire = ::openshell::inference::v1;
using rpc::Code;
using testing::HasSubstr;
using testing::Not;

const Caller kOperator{Caller::Kind::operator_, {}};

class Api : public testing::Test {
 protected:
  static State initial() {
    State state = used_state();
    state.providers.at("p").endpoints = {{"api.test", 443, "/v1/**"}};
    return state;
  }
  static openshell::sandbox::v1::SandboxPolicy policy(const std::string& middleware = "") {
    openshell::sandbox::v1::SandboxPolicy policy;
    policy.set_version(1);
    if (!middleware.empty()) {
      auto& guard = (*policy.mutable_network_middlewares())["guard"];
      guard.set_middleware(middleware);
      guard.mutable_endpoints()->add_include("a.test");
    }
    return policy;
  }
  rpc::Status set_policy(const std::string& sandbox,
                         const openshell::sandbox::v1::SandboxPolicy& policy) {
    wire::UpdateConfigRequest request;
    request.set_name(sandbox);
    request.set_global(sandbox.empty());
    *request.mutable_policy() = policy;
    wire::UpdateConfigResponse response;
    return sandboxes_.update_config(request, kOperator, response);
  }
  rpc::Status config(const std::string& id) {
    openshell::sandbox::v1::GetSandboxConfigRequest request;
    request.set_sandbox_id(id);
    config_.Clear();
    return sandboxes_.config(request, config_);
  }
  rpc::Status update_key(const std::string& value) {
    wire::UpdateProviderRequest request;
    request.mutable_provider()->mutable_metadata()->set_name("p");
    (*request.mutable_provider()->mutable_credentials())["OPENAI_API_KEY"] = value;
    wire::ProviderResponse response;
    return providers_.update(request, response);
  }
  v1::GetRevisionsResponse revisions() {
    v1::GetRevisionsRequest request;
    request.set_sandbox_id("sb");
    v1::GetRevisionsResponse response;
    EXPECT_TRUE(sandboxes_.revisions(request, response).ok());
    return response;
  }

  base::SystemClock clock_;
  base::SeededRandom random_{1};
  std::string services_say_;
  Store store_{initial()};
  inference::ProbeVerdict endpoint_says_{true, "https://api.test/v1/x", "openai_responses",
                                         inference::ProbeFault::unexpected, ""};
  std::vector<std::string> asked_;  // models of the routes whose endpoints were asked
  InferenceApi inference_{store_, clock_, [this](const inference::Route& route) {
                            asked_.push_back(route.model);
                            return endpoint_says_;
                          }};
  ProviderApi providers_{store_, clock_, random_};
  SandboxApi sandboxes_{
      store_, clock_, random_,
      [this](const policy::Policy&, const std::vector<Registration>&) { return services_say_; }};
  openshell::sandbox::v1::GetSandboxConfigResponse config_;
};

TEST_F(Api, MakesAProviderThatReadsBackRedacted) {
  wire::CreateProviderRequest request;
  request.mutable_provider()->mutable_metadata()->set_name("new");
  request.mutable_provider()->set_type("anthropic");
  (*request.mutable_provider()->mutable_credentials())["ANTHROPIC_API_KEY"] = "sk-secret";
  auto& annotations = *request.mutable_provider()->mutable_metadata()->mutable_annotations();
  annotations["sallyport.endpoints"] = "a.test:443/x  b.test:80";
  wire::ProviderResponse made;
  ASSERT_TRUE(providers_.create(request, made).ok());
  EXPECT_EQ(made.provider().credentials().at("ANTHROPIC_API_KEY"), "REDACTED");
  EXPECT_EQ(made.provider().metadata().id().size(), 36U);
  wire::GetProviderRequest ask;
  ask.set_name("new");
  wire::ProviderResponse read;
  ASSERT_TRUE(providers_.get(ask, read).ok());
  EXPECT_THAT(read.SerializeAsString(), Not(HasSubstr("sk-secret")));
  EXPECT_EQ(read.provider().metadata().annotations().at("sallyport.endpoints"),
            "a.test:443/x b.test:80");
}

TEST_F(Api, RefusesAProviderWithoutTypeCredentialOrWithHandles) {
  wire::CreateProviderRequest request;
  wire::ProviderResponse made;
  request.mutable_provider()->set_type("openai");
  EXPECT_EQ(providers_.create(request, made).code, Code::invalid_argument);
  (*request.mutable_provider()->mutable_credentials())["K"] = "v";
  request.mutable_provider()->clear_type();
  EXPECT_EQ(providers_.create(request, made).code, Code::invalid_argument);
  request.mutable_provider()->set_type("openai");
  (*request.mutable_provider()->mutable_credential_handles())["K"].set_driver("d");
  EXPECT_EQ(providers_.create(request, made).code, Code::invalid_argument);
}

TEST_F(Api, NamesAProviderThatHasNoName) {
  wire::CreateProviderRequest request;
  request.mutable_provider()->set_type("openai");
  (*request.mutable_provider()->mutable_credentials())["K"] = "v";
  wire::ProviderResponse made;
  ASSERT_TRUE(providers_.create(request, made).ok());
  EXPECT_THAT(made.provider().metadata().name(), HasSubstr("provider-"));
}

TEST_F(Api, KnowsOneWorkspace) {
  wire::GetProviderRequest request;
  request.set_name("p");
  request.set_workspace("default");
  wire::ProviderResponse response;
  EXPECT_TRUE(providers_.get(request, response).ok());
  request.set_workspace("other");
  EXPECT_EQ(providers_.get(request, response).code, Code::not_found);
}

TEST_F(Api, ListsProvidersInPages) {
  wire::ListProvidersRequest request;
  request.set_offset(1);
  request.set_limit(1);
  wire::ListProvidersResponse response;
  ASSERT_TRUE(providers_.list(request, response).ok());
  ASSERT_EQ(response.providers_size(), 1);
  EXPECT_EQ(response.providers(0).metadata().name(), "p");
}

TEST_F(Api, DeliversARotatedKeyWithoutTouchingTheRoute) {
  inference_wire::GetInferenceBundleResponse before;
  ASSERT_TRUE(inference_.bundle(before).ok());
  const auto revisions_before = revisions();
  ASSERT_TRUE(update_key("sk-2").ok());
  inference_wire::GetInferenceBundleResponse after;
  ASSERT_TRUE(inference_.bundle(after).ok());
  EXPECT_EQ(after.routes(0).api_key(), "sk-2");
  EXPECT_NE(after.revision(), before.revision());
  EXPECT_EQ(revisions().bundle_revision(), after.revision());
  EXPECT_NE(revisions().provider_env_revision(), revisions_before.provider_env_revision());
}

TEST_F(Api, AnswersTheBundleOfADeletedProviderWithFailedPrecondition) {
  v1::ForceDeleteProviderRequest request;
  request.set_name("p");
  v1::ForceDeleteProviderResponse response;
  ASSERT_TRUE(providers_.force_remove(request, response).ok());
  EXPECT_TRUE(response.deleted());
  inference_wire::GetInferenceBundleResponse bundle;
  const rpc::Status status = inference_.bundle(bundle);
  EXPECT_EQ(status.code, Code::failed_precondition);
  EXPECT_THAT(status.message, HasSubstr("configured provider 'p' was not found"));
  EXPECT_EQ(revisions().bundle_revision(), "");
}

TEST_F(Api, RefusesRoutesInTheOrderOfTheContract) {
  inference_wire::SetInferenceRouteRequest request;
  inference_wire::SetInferenceRouteResponse response;
  request.set_route_name("else");
  EXPECT_THAT(inference_.set(request, response).message, HasSubstr("'else' doesn't exist"));
  request.set_route_name("");
  EXPECT_EQ(inference_.set(request, response).message, "provider_name is required");
  request.set_provider_name("none");
  EXPECT_EQ(inference_.set(request, response).message, "model_id is required");
  request.set_model_id("m");
  EXPECT_EQ(inference_.set(request, response).code, Code::failed_precondition);
}

TEST_F(Api, SetsGetsAndDeletesARoute) {
  inference_wire::SetInferenceRouteRequest request;
  request.set_route_name(" inference.local ");
  request.set_provider_name("idle");
  request.set_model_id("m");
  request.set_timeout_secs(5);
  request.set_no_verify(true);
  inference_wire::SetInferenceRouteResponse set;
  ASSERT_TRUE(inference_.set(request, set).ok());
  EXPECT_EQ(set.version(), 2U);
  EXPECT_FALSE(set.validation_performed());
  inference_wire::GetInferenceRouteResponse got;
  ASSERT_TRUE(inference_.get({}, got).ok());
  EXPECT_EQ(got.timeout_secs(), 5U);
  inference_wire::DeleteInferenceRouteResponse removed;
  ASSERT_TRUE(inference_.remove({}, removed).ok());
  EXPECT_TRUE(removed.deleted());
  EXPECT_EQ(inference_.get({}, got).code, Code::not_found);
  ASSERT_TRUE(inference_.remove({}, removed).ok());
  EXPECT_FALSE(removed.deleted());
}

TEST_F(Api, KeepsTheNameOfTheFieldsOtherRouteReserved) {
  inference_wire::SetInferenceRouteRequest request;
  request.set_route_name(" sandbox-system ");
  request.set_provider_name("idle");
  request.set_model_id("m");
  request.set_no_verify(true);
  inference_wire::SetInferenceRouteResponse set;
  const rpc::Status status = inference_.set(request, set);
  EXPECT_EQ(status.code, Code::invalid_argument);
  EXPECT_THAT(status.message, HasSubstr("'sandbox-system' is reserved"));
  inference_wire::GetInferenceRouteRequest ask;
  ask.set_route_name("sandbox-system");
  inference_wire::GetInferenceRouteResponse got;
  EXPECT_EQ(inference_.get(ask, got).code, Code::not_found);
  inference_wire::DeleteInferenceRouteRequest remove;
  remove.set_route_name("sandbox-system");
  inference_wire::DeleteInferenceRouteResponse removed;
  ASSERT_TRUE(inference_.remove(remove, removed).ok());
  EXPECT_FALSE(removed.deleted());
}

TEST_F(Api, DeliversASandboxesConfiguration) {
  EXPECT_EQ(config("sb").code, Code::failed_precondition);  // no policy at all
  EXPECT_EQ(config("none").code, Code::not_found);
  ASSERT_TRUE(set_policy("", policy()).ok());
  ASSERT_TRUE(config("sb").ok());
  EXPECT_EQ(config_.policy_source(), openshell::sandbox::v1::POLICY_SOURCE_GLOBAL);
  EXPECT_EQ(config_.policy().version(), 1U);
  EXPECT_EQ(config_.workspace(), "default");
  EXPECT_EQ(config_.config_revision(), revisions().config_revision());
  EXPECT_EQ(config_.provider_env_revision(), revisions().provider_env_revision());
  const std::uint64_t before = config_.config_revision();
  ASSERT_TRUE(set_policy("sb", policy("openshell/secrets")).ok());
  ASSERT_TRUE(config("sb").ok());
  EXPECT_EQ(config_.policy_source(), openshell::sandbox::v1::POLICY_SOURCE_SANDBOX);
  EXPECT_NE(config_.config_revision(), before);
}

TEST_F(Api, StoresNoPolicyThatIsRefused) {
  ASSERT_TRUE(set_policy("sb", policy()).ok());
  ASSERT_TRUE(config("sb").ok());
  const std::uint64_t before = config_.config_revision();
  services_say_ = "no";
  EXPECT_EQ(set_policy("sb", policy("openshell/secrets")).code, Code::invalid_argument);
  EXPECT_EQ(set_policy("sb", openshell::sandbox::v1::SandboxPolicy{}).code, Code::invalid_argument);
  EXPECT_EQ(set_policy("none", policy()).code, Code::not_found);
  ASSERT_TRUE(config("sb").ok());
  EXPECT_EQ(config_.config_revision(), before);
}

TEST_F(Api, ServesWholePoliciesAlone) {
  wire::UpdateConfigRequest request;
  wire::UpdateConfigResponse response;
  request.set_name("sb");
  EXPECT_EQ(sandboxes_.update_config(request, kOperator, response).code, Code::invalid_argument);
  *request.mutable_policy() = policy();
  request.set_setting_key("x");
  EXPECT_EQ(sandboxes_.update_config(request, kOperator, response).code, Code::unimplemented);
  request.clear_setting_key();
  request.set_global(true);
  EXPECT_EQ(sandboxes_.update_config(request, kOperator, response).code, Code::invalid_argument);
}

TEST_F(Api, ReplacesRegistrationsAndRefusesAConfigurationThatMissesOne) {
  v1::SetMiddlewareServicesRequest request;
  auto& service = *request.add_services();
  service.set_name("acme/a");
  service.set_grpc_endpoint("http://127.0.0.1:1");
  service.set_max_payload_bytes(7);
  ASSERT_TRUE(sandboxes_.set_services(request).ok());
  ASSERT_TRUE(set_policy("sb", policy("acme/a")).ok());
  ASSERT_TRUE(config("sb").ok());
  ASSERT_EQ(config_.supervisor_middleware_services_size(), 1);
  EXPECT_EQ(config_.supervisor_middleware_services(0).audience(),
            "urn:openshell:extension:middleware:acme/a");
  service.set_max_payload_bytes(0);
  EXPECT_EQ(sandboxes_.set_services(request).code, Code::invalid_argument);
  ASSERT_TRUE(config("sb").ok());
  ASSERT_TRUE(sandboxes_.set_services(v1::SetMiddlewareServicesRequest{}).ok());
  EXPECT_EQ(config("sb").code, Code::failed_precondition);
  EXPECT_EQ(revisions().config_revision(), 0U);
}

TEST_F(Api, GivesCredentialsOnlyToSupervisorsThatHoldThemToTheirEndpoints) {
  wire::GetSandboxProviderEnvironmentRequest request;
  request.set_sandbox_id("sb");
  wire::GetSandboxProviderEnvironmentResponse without;
  ASSERT_TRUE(sandboxes_.environment(request, without).ok());
  EXPECT_TRUE(without.environment().empty());
  EXPECT_TRUE(without.static_credential_bindings().empty());
  request.set_supports_static_credential_bindings(true);
  wire::GetSandboxProviderEnvironmentResponse with;
  ASSERT_TRUE(sandboxes_.environment(request, with).ok());
  EXPECT_EQ(with.environment().at("OPENAI_API_KEY"), "sk-1");
  const auto& binding = with.static_credential_bindings().at("OPENAI_API_KEY");
  EXPECT_EQ(binding.credential_identity(), "id-of-p:OPENAI_API_KEY");
  EXPECT_EQ(binding.endpoints(0).host(), "api.test");
  EXPECT_EQ(with.provider_env_revision(), without.provider_env_revision());
  request.set_sandbox_id("none");
  EXPECT_EQ(sandboxes_.environment(request, with).code, Code::not_found);
}

TEST_F(Api, ShowsSandboxesByNameAndId) {
  for (const char* name : {"sb", "name-of-sb"}) {
    wire::GetSandboxRequest request;
    request.set_name(name);
    wire::SandboxResponse response;
    ASSERT_TRUE(sandboxes_.get(request, response).ok());
    EXPECT_EQ(response.sandbox().metadata().id(), "sb");
    EXPECT_EQ(response.sandbox().spec().providers(0), "p");
  }
  wire::ListSandboxesResponse all;
  ASSERT_TRUE(sandboxes_.list(wire::ListSandboxesRequest{}, all).ok());
  EXPECT_EQ(all.sandboxes_size(), 1);
}

TEST_F(Api, AttachesAndDetachesAProvider) {
  wire::AttachSandboxProviderRequest request;
  request.set_sandbox_name("sb");
  request.set_provider_name("idle");
  wire::AttachSandboxProviderResponse attached;
  ASSERT_TRUE(providers_.attach(request, attached).ok());
  EXPECT_TRUE(attached.attached());
  EXPECT_EQ(attached.sandbox().spec().providers_size(), 2);
  wire::ListSandboxProvidersRequest ask;
  ask.set_sandbox_name("sb");
  wire::ListSandboxProvidersResponse listed;
  ASSERT_TRUE(providers_.of_sandbox(ask, listed).ok());
  EXPECT_EQ(listed.providers(0).credentials().at("OPENAI_API_KEY"), "REDACTED");
  wire::DetachSandboxProviderRequest away;
  away.set_sandbox_name("sb");
  away.set_provider_name("p");
  wire::DetachSandboxProviderResponse detached;
  ASSERT_TRUE(providers_.detach(away, detached).ok());
  EXPECT_TRUE(detached.detached());
}

TEST_F(Api, RefusesToDeleteAProviderInUseAndDeletesAnother) {
  wire::DeleteProviderRequest request;
  request.set_name("p");
  wire::DeleteProviderResponse response;
  EXPECT_EQ(providers_.remove(request, response).code, Code::failed_precondition);
  request.set_name("idle");
  ASSERT_TRUE(providers_.remove(request, response).ok());
  EXPECT_TRUE(response.deleted());
  request.set_name("");
  EXPECT_EQ(providers_.remove(request, response).code, Code::invalid_argument);
}

}  // namespace
}  // namespace sallyport::gateway
