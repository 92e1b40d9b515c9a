#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/messages.h"
#include "reference/gateway/test_client.h"
#include "reference/gateway/tokens.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ClientSandboxes : public testing::Test {
 protected:
  ClientSandboxes() {
    std::string pattern = testing::TempDir() + "sandboxes.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    openshell::v1::SandboxResponse response;
    response.mutable_sandbox()->mutable_metadata()->set_id("id-of-box");
    response.mutable_sandbox()->mutable_metadata()->set_name("box");
    gateway_.answer = response.SerializeAsString();
  }
  ~ClientSandboxes() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  Outcome run(const ClientFlags& how) { return execute(how, environment, gateway_.port()); }
  static ClientFlags of_box(Verb verb) {
    ClientFlags how = flags(verb);
    how.name = "box";
    return how;
  }
  void fail_at(const std::string& method, rpc::Code code) {
    gateway_.before = [this, method, code](const std::string& called) {
      gateway_.status = called == method ? rpc::Status{code, "no"} : rpc::Status{};
    };
  }
  v1::SetSandboxTokenRequest token_request() const {
    v1::SetSandboxTokenRequest request;
    EXPECT_TRUE(request.ParseFromString(gateway_.last));
    return request;
  }

  std::string folder_;
  FakeGateway gateway_;
};

TEST_F(ClientSandboxes, AreMadeWithPolicyProvidersAndAToken) {
  std::ofstream(path("policy.yaml")) << "version: 1\n";
  ClientFlags create = of_box(Verb::sandbox_create);
  create.file = path("policy.yaml");
  create.providers = {"a", "b"};
  create.token_out = path("box.token");
  std::string first;
  gateway_.before = [&](const std::string& method) {
    if (method == "CreateSandbox") first = gateway_.last;
  };
  const Outcome outcome = run(create);
  ASSERT_EQ(exit_code(outcome), 0) << outcome.mistake << outcome.status.message;
  EXPECT_THAT(gateway_.methods, ElementsAre("CreateSandbox", "SetSandboxToken"));
  openshell::v1::CreateSandboxRequest request;
  ASSERT_TRUE(request.ParseFromString(first));
  EXPECT_EQ(request.name(), "box");
  EXPECT_EQ(request.spec().policy().version(), 1U);
  EXPECT_THAT(request.spec().providers(), ElementsAre("a", "b"));
  std::string why;
  const auto digests = read_digests(path("box.token"), why);
  ASSERT_TRUE(digests) << why;
  EXPECT_EQ(token_request().sandbox(), "id-of-box");
  EXPECT_EQ(token_request().sha256(),
            std::string(digests->front().begin(), digests->front().end()));
  // The token itself went nowhere.
  const std::string token = text_of("box.token").substr(0, 64);
  EXPECT_THAT(first + gateway_.last + outcome.text + outcome.json, Not(HasSubstr(token)));
}

TEST_F(ClientSandboxes, ThatAreRefusedLeaveNoToken) {
  ClientFlags create = of_box(Verb::sandbox_create);
  create.token_out = path("box.token");
  fail_at("CreateSandbox", rpc::Code::already_exists);
  EXPECT_EQ(exit_code(run(create)), 1);
  EXPECT_FALSE(std::filesystem::exists(path("box.token")));
  fail_at("SetSandboxToken", rpc::Code::internal);
  const Outcome outcome = run(create);
  EXPECT_THAT(outcome.status.message, HasSubstr("the sandbox is made"));
  EXPECT_FALSE(std::filesystem::exists(path("box.token")));
}

TEST_F(ClientSandboxes, AreNotMadeWhenTheTokenHasNoPlace) {
  std::ofstream(path("box.token")) << "mine";
  ClientFlags create = of_box(Verb::sandbox_create);
  create.token_out = path("box.token");
  EXPECT_EQ(exit_code(run(create)), 2);
  EXPECT_TRUE(gateway_.methods.empty());
  EXPECT_EQ(text_of("box.token"), "mine");
}

TEST_F(ClientSandboxes, GetAnotherTokenInTheSameFile) {
  std::ofstream(path("box.token")) << "old";
  ClientFlags token = of_box(Verb::sandbox_token);
  token.token_out = path("box.token");
  token.keep_previous = true;
  ASSERT_EQ(exit_code(run(token)), 0);
  EXPECT_TRUE(token_request().keep_previous());
  EXPECT_EQ(token_request().sha256().size(), 32U);
  EXPECT_EQ(text_of("box.token").size(), 65U);
  EXPECT_FALSE(std::filesystem::exists(path("box.token.new")));
}

TEST_F(ClientSandboxes, KeepTheirTokenWhenAnotherIsRefused) {
  std::ofstream(path("box.token")) << "old";
  ClientFlags token = of_box(Verb::sandbox_token);
  token.token_out = path("box.token");
  gateway_.status = {rpc::Code::not_found, "no"};
  EXPECT_EQ(exit_code(run(token)), 1);
  EXPECT_EQ(text_of("box.token"), "old");
  EXPECT_FALSE(std::filesystem::exists(path("box.token.new")));
  gateway_.status = {rpc::Code::unavailable, "gone"};
  const Outcome lost = run(token);
  EXPECT_EQ(exit_code(lost), 3);
  EXPECT_THAT(lost.status.message, HasSubstr("box.token.new"));
  EXPECT_EQ(text_of("box.token"), "old");
  EXPECT_EQ(text_of("box.token.new").size(), 65U);
}

TEST_F(ClientSandboxes, LoseTheirTokenByAnEmptyDigest) {
  ClientFlags token = of_box(Verb::sandbox_token);
  token.revoke = true;
  EXPECT_EQ(exit_code(run(token)), 0);
  EXPECT_EQ(token_request().sandbox(), "box");
  EXPECT_EQ(token_request().sha256(), "");
}

TEST_F(ClientSandboxes, AreAttachedDetachedAndDeletedByName) {
  ClientFlags attach = of_box(Verb::sandbox_attach);
  attach.providers = {"github"};
  gateway_.answer.clear();
  EXPECT_EQ(exit_code(run(attach)), 0);
  openshell::v1::AttachSandboxProviderRequest request;
  ASSERT_TRUE(request.ParseFromString(gateway_.last));
  EXPECT_EQ(request.sandbox_name(), "box");
  EXPECT_EQ(request.provider_name(), "github");
  attach.verb = Verb::sandbox_detach;
  EXPECT_THAT(run(attach).text, HasSubstr("was already detached"));
  EXPECT_THAT(run(of_box(Verb::sandbox_delete)).text, HasSubstr("was not there"));
  EXPECT_THAT(gateway_.methods,
              ElementsAre("AttachSandboxProvider", "DetachSandboxProvider", "DeleteSandbox"));
}

TEST_F(ClientSandboxes, ShowWhatTheirSupervisorMadeOfThePolicy) {
  openshell::v1::SandboxResponse response;
  auto& sandbox = *response.mutable_sandbox();
  sandbox.mutable_metadata()->set_name("b\x1B[2Jox");
  (*sandbox.mutable_metadata()->mutable_annotations())[std::string(kPolicyAnnotation)] =
      "effective";
  sandbox.mutable_spec()->mutable_policy()->set_version(1);
  sandbox.mutable_spec()->mutable_policy()->mutable_filesystem()->add_read_only("/usr");
  sandbox.mutable_status()->set_current_policy_version(3);
  gateway_.answer = response.SerializeAsString();
  const Outcome outcome = run(of_box(Verb::sandbox_get));
  EXPECT_THAT(outcome.text, HasSubstr("policy:          effective\n"));
  EXPECT_THAT(outcome.text, HasSubstr("policy version:  3\n"));
  EXPECT_THAT(outcome.text, HasSubstr("providers:       -\n"));
  EXPECT_THAT(outcome.text, HasSubstr("/usr"));
  EXPECT_THAT(outcome.text, Not(HasSubstr("\x1B")));
  EXPECT_THAT(outcome.json, HasSubstr(R"("policy_is":"effective")"));
  EXPECT_THAT(outcome.json, HasSubstr(R"("read_only":["/usr"])"));
}

TEST_F(ClientSandboxes, AreListedInColumns) {
  openshell::v1::ListSandboxesResponse response;
  auto& one = *response.add_sandboxes();
  one.mutable_metadata()->set_name("box");
  one.mutable_metadata()->set_id("id-1");
  one.mutable_status()->set_current_policy_version(2);
  one.mutable_spec()->add_providers("a");
  one.mutable_spec()->add_providers("b");
  response.add_sandboxes()->mutable_metadata()->set_name("other");
  gateway_.answer = response.SerializeAsString();
  EXPECT_EQ(run(of_box(Verb::sandbox_list)).text,
            "NAME   ID    POLICY VERSION  POLICY  PROVIDERS\n"
            "box    id-1  2               global  a, b\n"
            "other  -     -               -       -\n");
}

TEST_F(ClientSandboxes, TellWhetherThePolicyWasTaken) {
  openshell::v1::GetSandboxPolicyStatusResponse response;
  response.mutable_revision()->set_version(4);
  response.mutable_revision()->set_status(openshell::v1::POLICY_STATUS_FAILED);
  response.mutable_revision()->set_load_error("no such path");
  response.set_active_version(3);
  gateway_.answer = response.SerializeAsString();
  EXPECT_EQ(run(of_box(Verb::sandbox_status)).text,
            "policy version:  4\n"
            "status:          failed\n"
            "error:           no such path\n"
            "last loaded:     3\n");
}

TEST_F(ClientSandboxes, GetATokenWithoutAnyGateway) {
  ClientFlags make = flags(Verb::token_create);
  make.file = path("operator.token");
  EXPECT_EQ(exit_code(run(make)), 0);
  EXPECT_TRUE(gateway_.methods.empty());
  std::string why;
  EXPECT_TRUE(read_digests(make.file, why)) << why;
  EXPECT_EQ(exit_code(run(make)), 2);
}

}  // namespace
}  // namespace sallyport::gateway
