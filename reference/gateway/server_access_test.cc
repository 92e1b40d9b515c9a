// Who may call what, at the served calls themselves.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/testing_server.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kOperator = "operator-token-0123456789abcdefg";
const std::string kSandbox = "sandbox-sb-token-0123456789abcde";
const std::string kIssued = "issued-token-0123456789abcdefghi";
const std::string kCanary = "canary-token-0123456789abcdefghi";

constexpr const char* kBundle = "/openshell.inference.v1.Inference/GetInferenceBundle";
constexpr const char* kConfig = "/openshell.v1.OpenShell/GetSandboxConfig";
constexpr const char* kEnvironment = "/openshell.v1.OpenShell/GetSandboxProviderEnvironment";
constexpr const char* kListProviders = "/openshell.v1.OpenShell/ListProviders";
constexpr const char* kSetToken = "/sallyport.gateway.v1.Admin/SetSandboxToken";

FileTokens two_tokens() {
  FileTokens tokens;
  tokens.operators = {digest_of(kOperator)};
  tokens.sandboxes["sb"] = {digest_of(kSandbox)};
  return tokens;
}

class ServerAccess : public testing::Test {
 protected:
  ServerAccess() {
    std::string pattern = testing::TempDir() + "callers.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ServerAccess() override { std::filesystem::remove_all(folder_); }

  rpc::ChannelOptions with(const std::string& token) {
    rpc::ChannelOptions options;
    options.endpoint = "http://" + server_.address();
    if (token.empty()) return options;
    std::ofstream(folder_ + "/token") << token << "\n";
    ::chmod((folder_ + "/token").c_str(), 0600);
    std::string why;
    options.token = rpc::TokenFile::open(folder_ + "/token", why);
    EXPECT_NE(options.token, nullptr) << why;
    return options;
  }
  template <class Request>
  rpc::Status call(const std::string& token, const std::string& method, const Request& request) {
    openshell::v1::HealthResponse nothing_of_it;
    return server_.call(with(token), method, request, nothing_of_it);
  }
  rpc::Status call(const std::string& token, const std::string& method) {
    return call(token, method, openshell::v1::HealthRequest());
  }
  rpc::Status config_of(const std::string& token, const std::string& sandbox) {
    openshell::sandbox::v1::GetSandboxConfigRequest request;
    request.set_sandbox_id(sandbox);
    return call(token, kConfig, request);
  }
  rpc::Status set_token(const std::string& token, const std::string& sandbox, const std::string& of,
                        bool keep_previous = false) {
    v1::SetSandboxTokenRequest request;
    request.set_sandbox(sandbox);
    const TokenDigest digest = digest_of(of);
    if (!of.empty()) request.set_sha256(digest.data(), digest.size());
    request.set_keep_previous(keep_previous);
    return call(token, kSetToken, request);
  }

  std::string folder_;
  TestServer server_{two_tokens(), nullptr};
};

// What is answered to nobody shows which calls are served, and which of them are guarded.
TEST_F(ServerAccess, IsJudgedForEachServedCallByTheTable) {
  std::set<std::string> served;
  for (const char* name : {"openshell.inference.v1.Inference", "openshell.v1.OpenShell",
                           "sallyport.gateway.v1.Admin"}) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      if (method.client_streaming()) continue;
      const auto status = call("", "/" + std::string(name) + "/" + method.name());
      if (status.code == rpc::Code::unimplemented) continue;
      served.insert(method.name());
      const auto wanted = method.name() == "Health" ? rpc::Code::ok : rpc::Code::unauthenticated;
      EXPECT_EQ(status.code, wanted) << method.name() << ": " << status.message;
    }
  }
  std::set<std::string> listed;
  for (const Rule& rule : rules()) listed.insert(std::string(rule.rpc));
  EXPECT_EQ(served, listed);
}

TEST_F(ServerAccess, GivesASupervisorWhatIsItsOwn) {
  EXPECT_TRUE(call(kSandbox, kBundle).ok());
  EXPECT_EQ(config_of(kSandbox, "sb").code, rpc::Code::failed_precondition);  // it has no policy
  openshell::v1::GetSandboxProviderEnvironmentRequest request;
  request.set_sandbox_id("sb");
  EXPECT_TRUE(call(kSandbox, kEnvironment, request).ok());
  openshell::v1::GetSandboxRequest by_name;
  by_name.set_name("name-of-sb");
  EXPECT_TRUE(call(kSandbox, "/openshell.v1.OpenShell/GetSandbox", by_name).ok());
}

TEST_F(ServerAccess, GivesASupervisorNothingOfOthers) {
  EXPECT_EQ(call(kSandbox, kListProviders).code, rpc::Code::permission_denied);
  EXPECT_EQ(config_of(kSandbox, "sb-2").code, rpc::Code::permission_denied);
  openshell::v1::GetSandboxProviderEnvironmentRequest request;
  request.set_sandbox_id("nobody");
  EXPECT_EQ(call(kSandbox, kEnvironment, request).code, rpc::Code::permission_denied);
  openshell::v1::UpdateConfigRequest global;
  global.set_global(true);
  EXPECT_EQ(call(kSandbox, "/openshell.v1.OpenShell/UpdateConfig", global).code,
            rpc::Code::permission_denied);
}

TEST_F(ServerAccess, GivesTheOperatorNoBundle) {
  EXPECT_TRUE(call(kOperator, kListProviders).ok());
  EXPECT_EQ(call(kOperator, kBundle).code, rpc::Code::permission_denied);
}

TEST_F(ServerAccess, RefusesATokenThatIsNotKnownEvenForHealthAndDoesNotRepeatIt) {
  const auto status = call(kCanary, "/openshell.v1.OpenShell/Health");
  EXPECT_EQ(status.code, rpc::Code::unauthenticated);
  EXPECT_THAT(status.message, Not(HasSubstr("canary")));
}

TEST_F(ServerAccess, KnowsATokenThatWasIssuedUntilTheSandboxIsDeleted) {
  EXPECT_EQ(call(kIssued, kBundle).code, rpc::Code::unauthenticated);
  ASSERT_TRUE(set_token(kOperator, "name-of-sb", kIssued).ok());
  EXPECT_TRUE(call(kIssued, kBundle).ok());
  EXPECT_TRUE(call(kSandbox, kBundle).ok());
  openshell::v1::DeleteSandboxRequest request;
  request.set_name("sb");
  ASSERT_TRUE(call(kOperator, "/openshell.v1.OpenShell/DeleteSandbox", request).ok());
  EXPECT_EQ(call(kIssued, kBundle).code, rpc::Code::unauthenticated);
  // The configuration's token still says whose it was.
  EXPECT_EQ(call(kSandbox, kBundle).code, rpc::Code::not_found);
}

TEST_F(ServerAccess, ReplacesAnIssuedTokenAndKeepsTheOneBeforeIfThatIsWanted) {
  const std::string second = "second-issued-0123456789abcdefgh";
  const std::string third = "third-issued-0123456789abcdefghi";
  ASSERT_TRUE(set_token(kOperator, "sb", kIssued).ok());
  ASSERT_TRUE(set_token(kOperator, "sb", second, true).ok());
  EXPECT_TRUE(call(kIssued, kBundle).ok());
  EXPECT_TRUE(call(second, kBundle).ok());
  ASSERT_TRUE(set_token(kOperator, "sb", third).ok());
  EXPECT_EQ(call(kIssued, kBundle).code, rpc::Code::unauthenticated);
  EXPECT_EQ(call(second, kBundle).code, rpc::Code::unauthenticated);
  EXPECT_TRUE(call(third, kBundle).ok());
  ASSERT_TRUE(set_token(kOperator, "sb", "").ok());
  EXPECT_EQ(call(third, kBundle).code, rpc::Code::unauthenticated);
}

TEST_F(ServerAccess, IssuesNoTokenThatIsSomebodyElsesOrNone) {
  EXPECT_EQ(set_token(kSandbox, "sb", kIssued).code, rpc::Code::permission_denied);
  EXPECT_EQ(set_token(kOperator, "nobody", kIssued).code, rpc::Code::not_found);
  EXPECT_EQ(set_token(kOperator, "sb", kOperator).code, rpc::Code::invalid_argument);
  EXPECT_EQ(set_token(kOperator, "sb", kSandbox).code, rpc::Code::invalid_argument);
  v1::SetSandboxTokenRequest request;
  request.set_sandbox("sb");
  request.set_sha256("short");
  EXPECT_EQ(call(kOperator, kSetToken, request).code, rpc::Code::invalid_argument);
}

TEST_F(ServerAccess, FollowsTheTokensThatAreReadAgain) {
  FileTokens next;
  next.operators = {digest_of(kIssued)};
  server_.tokens().replace(next);
  EXPECT_EQ(call(kOperator, kListProviders).code, rpc::Code::unauthenticated);
  EXPECT_EQ(call(kSandbox, kBundle).code, rpc::Code::unauthenticated);
  EXPECT_TRUE(call(kIssued, kListProviders).ok());
}

TEST_F(ServerAccess, BelievesLoopbackWhileNoOperatorHasAToken) {
  server_.tokens().replace({});
  EXPECT_TRUE(call("", kListProviders).ok());
  EXPECT_TRUE(call("", kBundle).ok());
  rpc::ChannelOptions claiming = with("");
  claiming.metadata[std::string(rpc::kClaimKey)] = "sb";
  openshell::v1::HealthResponse nothing_of_it;
  const openshell::v1::HealthRequest empty;
  EXPECT_TRUE(server_.call(claiming, kBundle, empty, nothing_of_it).ok());
  EXPECT_EQ(server_.call(claiming, kListProviders, empty, nothing_of_it).code,
            rpc::Code::permission_denied);
  claiming.metadata[std::string(rpc::kClaimKey)] = "nobody";
  EXPECT_EQ(server_.call(claiming, kBundle, empty, nothing_of_it).code, rpc::Code::not_found);
}

}  // namespace
}  // namespace sallyport::gateway
