// Who may call the built sallyport-gateway, and what outlives it.
#include <sys/inotify.h>

#include "reference/app/gateway_fixture.h"
#include "reference/gateway/testing_tls.h"

namespace sallyport::app {
namespace {

using gateway::TestIdentity;
using testing::HasSubstr;
using testing::Not;

const std::string kFirst = "first-operator-0123456789abcdefg";
const std::string kSecond = "second-operator-0123456789abcdef";

class GatewayAccess : public GatewayProgram {
 protected:
  // With the operator's token, in `operator`.
  Ran as_operator(std::vector<std::string> words) {
    words.insert(words.begin(), {"--token-file", folder_ + "/operator"});
    return ask(words);
  }
  // Until the server has said it.
  void await_said(const std::string& text) {
    const std::string path = folder_ + "/server";
    const base::UniqueFd watch(::inotify_init1(IN_CLOEXEC));
    ASSERT_GE(::inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY), 0);
    while (text_of(path).find(text) == std::string::npos) {
      ASSERT_TRUE(readable(watch.get(), kPatienceMs)) << text_of(path);
      std::array<char, 4096> events{};
      ASSERT_GT(::read(watch.get(), events.data(), events.size()), 0);
    }
  }
  Ran with_token(const std::string& name, std::vector<std::string> words) {
    words.insert(words.begin(), {"--token-file", folder_ + "/" + name});
    return ask(words);
  }
};

TEST_F(GatewayAccess, IsTheOperatorsAloneOnceThatHasAToken) {
  write_secret("operator", kFirst + "\n");
  start("operator_token_file: operator\n");
  EXPECT_EQ(ask({"status"}).code, 0);
  const Ran anonymous = ask({"sandbox", "list"});
  EXPECT_EQ(anonymous.code, 1);
  EXPECT_THAT(anonymous.said, HasSubstr("UNAUTHENTICATED: this call takes a token"));
  EXPECT_EQ(as_operator({"sandbox", "list"}).code, 0);
  EXPECT_EQ(
      ask({"sandbox", "list"}, {"SALLYPORT_GATEWAY_TOKEN_FILE=" + folder_ + "/operator"}).code, 0);
  write_secret("wrong", "canary-token-0123456789abcdefghi");
  const Ran wrong = with_token("wrong", {"status"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.said, HasSubstr("the token is not known"));
  EXPECT_THAT(wrong.said + text_of(folder_ + "/server"), Not(HasSubstr("canary")));
}

TEST_F(GatewayAccess, FollowsTokenFilesAtSighup) {
  write_secret("operator", kFirst);
  start("operator_token_file: operator\n");
  write_secret("operator", kSecond);
  EXPECT_EQ(as_operator({"sandbox", "list"}).code, 1);
  ASSERT_EQ(::kill(server_, SIGHUP), 0);
  // The signal and a call race: the log says when it is done.
  await_said("token files are read again");
  EXPECT_EQ(as_operator({"sandbox", "list"}).code, 0);
  write_secret("operator", "canary");
  ASSERT_EQ(::kill(server_, SIGHUP), 0);
  await_said("the tokens that it had are kept");
  write_secret("operator", kSecond);
  EXPECT_EQ(as_operator({"sandbox", "list"}).code, 0);
  EXPECT_THAT(text_of(folder_ + "/server"), Not(HasSubstr("canary")));
}

TEST_F(GatewayAccess, GivesASandboxATokenForWhatIsItsOwn) {
  write_secret("operator", kFirst);
  start("operator_token_file: operator\n");
  const Ran made = as_operator(
      {"sandbox", "create", "box", "--provider", "main", "--token-file", folder_ + "/box.token"});
  ASSERT_EQ(made.code, 0) << made.said;
  EXPECT_THAT(made.said, HasSubstr("the token is in"));
  EXPECT_THAT(with_token("box.token", {"sandbox", "get", "box"}).said, HasSubstr("main"));
  EXPECT_THAT(with_token("box.token", {"sandbox", "get", "sb"}).said,
              HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(with_token("box.token", {"sandbox", "get", "nobody"}).said,
              HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(with_token("box.token", {"provider", "list"}).said, HasSubstr("PERMISSION_DENIED"));
  std::filesystem::copy(folder_ + "/box.token", folder_ + "/before.token");
  ASSERT_EQ(as_operator({"sandbox", "token", "box", "--token-file", folder_ + "/box.token"}).code,
            0);
  EXPECT_THAT(with_token("before.token", {"sandbox", "get", "box"}).said,
              HasSubstr("UNAUTHENTICATED"));
  EXPECT_EQ(with_token("box.token", {"sandbox", "get", "box"}).code, 0);
  ASSERT_EQ(as_operator({"sandbox", "delete", "box"}).code, 0);
  EXPECT_THAT(with_token("box.token", {"sandbox", "get", "box"}).said,
              HasSubstr("UNAUTHENTICATED"));
}

TEST_F(GatewayAccess, KeepsItsStateInAFileThroughAKill) {
  const std::string more = "state: records.db\n";
  start(more);
  ASSERT_EQ(ask({"sandbox", "create", "box", "--token-file", folder_ + "/box.token"}).code, 0);
  ASSERT_EQ(ask({"inference", "update", "--model", "m-9", "--no-verify"}).code, 0);
  kill_server();
  start(more);
  EXPECT_THAT(ask({"inference", "get"}).said, HasSubstr("m-9"));
  EXPECT_EQ(with_token("box.token", {"sandbox", "get", "box"}).code, 0);
}

TEST_F(GatewayAccess, SpeaksTlsToThoseWhoTrustItAndToNobodyElse) {
  const TestIdentity identity = TestIdentity::make("127.0.0.1");
  write("pem", identity.certificate_pem);
  write("ca.pem", identity.ca_pem);
  write("other.pem", TestIdentity::make("127.0.0.1").ca_pem);
  write_secret("key", identity.key_pem);
  start("tls: {certificate: pem, key: key}\n", "version: 1\n", "https://");
  EXPECT_EQ(ask({"--ca", folder_ + "/ca.pem", "status"}).code, 0);
  EXPECT_EQ(ask({"status"}, {"SALLYPORT_GATEWAY_CA=" + folder_ + "/ca.pem"}).code, 0);
  EXPECT_EQ(ask({"--ca", folder_ + "/other.pem", "status"}).code, 3);
  EXPECT_EQ(ask({"status"}).code, 3);
  EXPECT_EQ(run({"--gateway", "http://" + address_, "status"}).code, 3);
}

TEST_F(GatewayAccess, SendsNoTokenInClearToAnotherMachine) {
  write_secret("operator", kFirst);
  const Ran refused =
      run({"--gateway", "http://192.0.2.1:1", "--token-file", folder_ + "/operator", "status"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.said, HasSubstr("in clear"));
  write("open", "canary-token-0123456789abcdefghi");
  const Ran open = run({"--token-file", folder_ + "/open", "status"});
  EXPECT_EQ(open.code, 2);
  EXPECT_THAT(open.said, HasSubstr("chmod 600"));
  EXPECT_THAT(open.said, Not(HasSubstr("canary")));
}

TEST_F(GatewayAccess, TellsNoSecretWhenItDoesNotStart) {
  write("open", "canary-token-0123456789abcdefghi");
  write_secret("short", "canary");
  write_secret("key", "canary");
  write("pem", TestIdentity::make("a.test").certificate_pem);
  for (const char* text :
       {"operator_token_file: open", "operator_token_file: short", "operator_token: canary-1",
        "tls: {certificate: pem, key: key}", "tls: {certificate: key, key: key}",
        "providers: {a: {type: '', credentials: {K: canary-2}}}",
        "providers: {a: {type: openai, credentials: {K: {file: short, env: canary}}}}",
        "providers: {a: {type: openai, credentials: {K: \"canary\\r\"}}}"}) {
    const Ran ran = run({"serve", "--check", "--config", write("bad.yaml", text)});
    EXPECT_EQ(ran.code, 2) << text;
    EXPECT_THAT(ran.said, HasSubstr("bad.yaml:1:")) << text;
    EXPECT_THAT(ran.said, Not(HasSubstr("canary"))) << text;
  }
}

TEST_F(GatewayAccess, LeavesNoCore) {
  start();
  EXPECT_THAT(text_of(fmt::format("/proc/{}/limits", server_)),
              testing::ContainsRegex("Max core file size +0 +0 "));
}

}  // namespace
}  // namespace sallyport::app
