// Sandboxes and what their supervisors say of themselves, over one store.
#include "reference/gateway/sandbox_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/v1/openshell.pb.h"
#include "reference/base/random.h"
#include "reference/gateway/provider_api.h"
#include "reference/gateway/test_records.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;
using openshell::sandbox::v1::SandboxPolicy;
using rpc::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Caller kOperator{Caller::Kind::operator_, {}};
const Caller kSupervisor{Caller::Kind::sandbox, "sb"};

SandboxPolicy policy(const std::vector<std::string>& readable) {
  SandboxPolicy policy;
  policy.set_version(1);
  policy.mutable_filesystem()->set_include_workdir(true);
  for (const std::string& path : readable) policy.mutable_filesystem()->add_read_only(path);
  return policy;
}

class ASandbox : public testing::Test {
 protected:
  rpc::Status create(const wire::CreateSandboxRequest& request) {
    made_.Clear();
    return sandboxes_.create(request, made_);
  }
  rpc::Status update(const SandboxPolicy& policy, const Caller& caller = kOperator,
                     const std::string& name = "sb") {
    wire::UpdateConfigRequest request;
    request.set_name(name);
    request.set_global(name.empty());
    *request.mutable_policy() = policy;
    updated_.Clear();
    return sandboxes_.update_config(request, caller, updated_);
  }
  rpc::Status report(std::uint32_t version, wire::PolicyStatus status,
                     const Caller& caller = kSupervisor, const std::string& error = "") {
    wire::ReportPolicyStatusRequest request;
    request.set_sandbox_id("sb");
    request.set_version(version);
    request.set_status(status);
    request.set_load_error(error);
    wire::ReportPolicyStatusResponse response;
    return sandboxes_.report_status(request, caller, response);
  }
  wire::GetSandboxPolicyStatusResponse policy_status() {
    wire::GetSandboxPolicyStatusRequest request;
    request.set_name("sb");
    wire::GetSandboxPolicyStatusResponse response;
    EXPECT_TRUE(sandboxes_.policy_status(request, response).ok());
    return response;
  }
  wire::Sandbox shown() {
    wire::GetSandboxRequest request;
    request.set_name("sb");
    wire::SandboxResponse response;
    EXPECT_TRUE(sandboxes_.get(request, response).ok());
    return response.sandbox();
  }
  std::vector<std::string> readable() {
    const wire::Sandbox sandbox = shown();
    const auto& paths = sandbox.spec().policy().filesystem().read_only();
    return {paths.begin(), paths.end()};
  }
  std::string annotation() { return shown().metadata().annotations().at("sallyport.policy"); }
  std::uint64_t config_revision() {
    v1::GetRevisionsRequest request;
    request.set_sandbox_id("sb");
    v1::GetRevisionsResponse response;
    EXPECT_TRUE(sandboxes_.revisions(request, response).ok());
    return response.config_revision();
  }

  base::SystemClock clock_;
  base::SeededRandom random_{1};
  std::string services_say_;
  Store store_{used_state()};
  SandboxApi sandboxes_{
      store_, clock_, random_,
      [this](const policy::Policy&, const std::vector<Registration>&) { return services_say_; }};
  wire::SandboxResponse made_;
  wire::UpdateConfigResponse updated_;
};

TEST_F(ASandbox, IsMadeWithAnIdOfOursItsPolicyAndItsProviders) {
  wire::CreateSandboxRequest request;
  request.set_name("new");
  *request.mutable_spec()->mutable_policy() = policy({"/usr"});
  for (const char* name : {"p", "idle", "p"}) request.mutable_spec()->add_providers(name);
  ASSERT_TRUE(create(request).ok());
  const wire::Sandbox& made = made_.sandbox();
  EXPECT_EQ(made.metadata().id().size(), 36U);
  EXPECT_EQ(made.metadata().name(), "new");
  EXPECT_EQ(made.metadata().resource_version(), 1U);
  EXPECT_EQ(made.metadata().annotations().at("sallyport.policy"), "authored");
  EXPECT_THAT(made.spec().providers(), ElementsAre("p", "idle"));
  EXPECT_EQ(made.status().current_policy_version(), 1U);
  EXPECT_EQ(create(request).code, Code::already_exists);
}

TEST_F(ASandbox, IsNamedWhereNobodyDid) {
  ASSERT_TRUE(create({}).ok());
  EXPECT_THAT(made_.sandbox().metadata().name(), HasSubstr("sandbox-"));
}

TEST_F(ASandbox, IsNotMadeOfWhatIsRefused) {
  wire::CreateSandboxRequest request;
  request.set_name("Not/A-Name");
  EXPECT_EQ(create(request).code, Code::invalid_argument);
  request.set_name("new");
  request.set_workspace("other");
  EXPECT_EQ(create(request).code, Code::not_found);
  request.clear_workspace();
  request.mutable_spec()->set_tty(true);
  EXPECT_THAT(create(request).message, HasSubstr("spec.tty isn't served"));
  request.mutable_spec()->clear_tty();
  request.mutable_spec()->add_providers("none");
  EXPECT_EQ(create(request).code, Code::failed_precondition);
  request.mutable_spec()->clear_providers();
  *request.mutable_spec()->mutable_policy() = policy({"relative"});
  EXPECT_EQ(create(request).code, Code::invalid_argument);
  SandboxPolicy guarded = policy({"/usr"});
  auto& guard = (*guarded.mutable_network_middlewares())["guard"];
  guard.set_middleware("openshell/secrets");
  guard.mutable_endpoints()->add_include("a.test");
  *request.mutable_spec()->mutable_policy() = guarded;
  services_say_ = "no";
  EXPECT_EQ(create(request).code, Code::invalid_argument);
  EXPECT_EQ(store_.current()->sandboxes.size(), 1U);
  services_say_.clear();
  EXPECT_TRUE(create(request).ok());
}

TEST_F(ASandbox, IsDeletedOnceAndUnknownAfterwards) {
  wire::DeleteSandboxRequest request;
  wire::DeleteSandboxResponse response;
  EXPECT_EQ(sandboxes_.remove(request, response).code, Code::invalid_argument);
  request.set_name("name-of-sb");
  ASSERT_TRUE(sandboxes_.remove(request, response).ok());
  EXPECT_TRUE(response.deleted());
  ASSERT_TRUE(sandboxes_.remove(request, response).ok());
  EXPECT_FALSE(response.deleted());
  wire::GetSandboxProviderEnvironmentRequest ask;
  ask.set_sandbox_id("sb");
  wire::GetSandboxProviderEnvironmentResponse environment;
  EXPECT_EQ(sandboxes_.environment(ask, environment).code, Code::not_found);
}

TEST_F(ASandbox, LosesAForciblyDeletedProvidersCredentialsAtOnce) {
  ProviderApi providers(store_, clock_, random_);
  wire::UpdateProviderRequest bound;
  bound.mutable_provider()->mutable_metadata()->set_name("p");
  (*bound.mutable_provider()->mutable_metadata()->mutable_annotations())["sallyport.endpoints"] =
      "api.test:443";
  wire::ProviderResponse changed;
  ASSERT_TRUE(providers.update(bound, changed).ok());
  wire::GetSandboxProviderEnvironmentRequest ask;
  ask.set_sandbox_id("sb");
  ask.set_supports_static_credential_bindings(true);
  wire::GetSandboxProviderEnvironmentResponse before;
  ASSERT_TRUE(sandboxes_.environment(ask, before).ok());
  EXPECT_EQ(before.environment_size(), 1);
  v1::ForceDeleteProviderRequest request;
  request.set_name("p");
  v1::ForceDeleteProviderResponse deleted;
  ASSERT_TRUE(providers.force_remove(request, deleted).ok());
  wire::GetSandboxProviderEnvironmentResponse after;
  ASSERT_TRUE(sandboxes_.environment(ask, after).ok());
  EXPECT_EQ(after.environment_size(), 0);
  EXPECT_NE(after.provider_env_revision(), before.provider_env_revision());
}

TEST_F(ASandbox, ShowsWhatItsSupervisorMadeOfThePolicyAsEffective) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  EXPECT_EQ(annotation(), "authored");
  const std::uint64_t version = shown().metadata().resource_version();
  const std::uint64_t revision = config_revision();
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  EXPECT_EQ(updated_.version(), 1U);
  EXPECT_EQ(annotation(), "effective");
  EXPECT_THAT(readable(), ElementsAre("/usr", "/etc"));
  EXPECT_THAT(policy_status().revision().policy().filesystem().read_only(), ElementsAre("/usr"));
  EXPECT_EQ(shown().metadata().resource_version(), version);
  EXPECT_EQ(config_revision(), revision);
}

TEST_F(ASandbox, ChangesNothingWhenItsSupervisorSaysTheSameAgain) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  const auto before = store_.current();
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  EXPECT_EQ(store_.current(), before);
}

TEST_F(ASandbox, ShowsWhatIsAuthoredUntilItsSupervisorHasSpokenOfThatOne) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  ASSERT_TRUE(update(policy({"/usr", "/srv"})).ok());
  EXPECT_EQ(annotation(), "authored");
  EXPECT_THAT(readable(), ElementsAre("/usr", "/srv"));
}

TEST_F(ASandbox, ShowsTheEffectiveOneUnderTheGlobalPolicyToo) {
  ASSERT_TRUE(update(policy({"/usr"}), kOperator, "").ok());
  EXPECT_FALSE(shown().spec().has_policy());
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  EXPECT_THAT(readable(), ElementsAre("/usr", "/etc"));
  EXPECT_FALSE(store_.current()->sandboxes.at("sb").policy);
}

TEST_F(ASandbox, IsLiveOnceItsSupervisorHasSpoken) {
  ASSERT_TRUE(update(policy({"/usr", "/opt"})).ok());
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  ASSERT_TRUE(update(policy({"/usr", "/etc"}), kSupervisor).ok());
  EXPECT_TRUE(update(policy({"/usr"})).ok());  // what the supervisor added isn't missed
  EXPECT_TRUE(update(policy({"/usr", "/srv"})).ok());
  const rpc::Status removed = update(policy({"/srv"}));
  EXPECT_EQ(removed.code, Code::invalid_argument);
  EXPECT_THAT(removed.message, HasSubstr("/usr"));
  SandboxPolicy process = policy({"/usr", "/srv"});
  process.mutable_process()->set_run_as_user("1000");
  EXPECT_EQ(update(process).code, Code::invalid_argument);
  EXPECT_THAT(readable(), ElementsAre("/usr", "/srv"));
}

TEST_F(ASandbox, HearsItsOwnSupervisorAlone) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  const SandboxPolicy more = policy({"/usr", "/etc"});
  EXPECT_EQ(update(more, Caller{Caller::Kind::sandbox, "another"}).code, Code::not_found);
  EXPECT_EQ(update(more, kSupervisor, "another").code, Code::permission_denied);
  EXPECT_EQ(update(more, kSupervisor, "").code, Code::permission_denied);
  EXPECT_EQ(update(more, Caller{}).code, Code::permission_denied);
  EXPECT_TRUE(update(more, kSupervisor, "name-of-sb").ok());
}

TEST_F(ASandbox, CannotGiveItselfMore) {
  EXPECT_EQ(update(policy({"/usr"}), kSupervisor).code, Code::failed_precondition);
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  SandboxPolicy more = policy({"/usr"});
  auto& rule = (*more.mutable_network_policies())["web"];
  rule.add_endpoints()->set_host("evil.test");
  rule.mutable_endpoints(0)->set_port(443);
  rule.add_binaries()->set_path("/**");
  EXPECT_EQ(update(more, kSupervisor).code, Code::aborted);
  EXPECT_FALSE(store_.current()->sandboxes.at("sb").effective);
}

TEST_F(ASandbox, SaysWhetherItsSupervisorTookThePolicy) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  EXPECT_EQ(policy_status().revision().status(), wire::POLICY_STATUS_PENDING);
  ASSERT_TRUE(report(1, wire::POLICY_STATUS_LOADED).ok());
  EXPECT_EQ(policy_status().revision().status(), wire::POLICY_STATUS_LOADED);
  EXPECT_EQ(policy_status().active_version(), 1U);
  EXPECT_GT(policy_status().revision().loaded_at_ms(), 0);
  EXPECT_GT(policy_status().revision().created_at_ms(), 0);
  ASSERT_TRUE(update(policy({"/usr", "/srv"})).ok());
  EXPECT_EQ(policy_status().revision().status(), wire::POLICY_STATUS_PENDING);
  ASSERT_TRUE(report(2, wire::POLICY_STATUS_FAILED, kSupervisor, std::string(9000, 'x')).ok());
  EXPECT_EQ(policy_status().revision().status(), wire::POLICY_STATUS_FAILED);
  EXPECT_EQ(policy_status().revision().load_error().size(), 2048U);
  EXPECT_EQ(policy_status().active_version(), 1U);
}

TEST_F(ASandbox, RefusesAWordAboutAPolicyThatIsNotInForceOrOfSomebodyElse) {
  ASSERT_TRUE(update(policy({"/usr"})).ok());
  EXPECT_EQ(report(2, wire::POLICY_STATUS_LOADED).code, Code::aborted);
  EXPECT_EQ(report(1, wire::POLICY_STATUS_SUPERSEDED).code, Code::invalid_argument);
  EXPECT_EQ(report(1, wire::POLICY_STATUS_LOADED, kOperator).code, Code::permission_denied);
  EXPECT_EQ(report(1, wire::POLICY_STATUS_LOADED, {Caller::Kind::sandbox, "x"}).code,
            Code::permission_denied);
  EXPECT_EQ(policy_status().revision().status(), wire::POLICY_STATUS_PENDING);
}

TEST_F(ASandbox, KnowsTheStatusOfThePolicyInForceAlone) {
  wire::GetSandboxPolicyStatusRequest request;
  wire::GetSandboxPolicyStatusResponse response;
  request.set_name("none");
  EXPECT_EQ(sandboxes_.policy_status(request, response).code, Code::not_found);
  request.set_name("sb");
  EXPECT_EQ(sandboxes_.policy_status(request, response).code, Code::not_found);
  ASSERT_TRUE(update(policy({"/usr"}), kOperator, "").ok());
  request.set_version(1);
  EXPECT_TRUE(sandboxes_.policy_status(request, response).ok());
  request.set_version(2);
  EXPECT_THAT(sandboxes_.policy_status(request, response).message, HasSubstr("isn't kept"));
  request.clear_version();
  request.clear_name();
  request.set_global(true);
  response.Clear();
  EXPECT_TRUE(sandboxes_.policy_status(request, response).ok());
  EXPECT_EQ(response.revision().version(), 1U);
  EXPECT_EQ(response.active_version(), 0U);
}

}  // namespace
}  // namespace sallyport::gateway
