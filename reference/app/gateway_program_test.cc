// What the built sallyport-gateway does for who runs it.
#include "reference/app/gateway_fixture.h"

namespace sallyport::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGuarded =
    "version: 1\nnetwork_middlewares: {g: {middleware: acme/x, endpoints: {include: [a.test]}}}\n";

std::string registration(int port) {
  return fmt::format(
      "middleware: [{{name: acme/x, grpc_endpoint: 'http://127.0.0.1:{}', "
      "max_payload_bytes: 1, timeout: 30s}}]\n",
      port);
}

TEST_F(GatewayProgram, TellsAnotherEnvironmentAfterEachStart) {
  const std::vector<std::string> words = {"provider", "update", "main",      "--json",
                                          "--config", "k=v",    "--sandbox", "sb"};
  start();
  const Ran first = ask(words);
  ASSERT_EQ(::kill(server_, SIGKILL), 0);
  wait(server_);
  start();
  const Ran second = ask(words);
  EXPECT_NE(between(first.said, R"("environment":")", "\""), "");
  EXPECT_NE(between(first.said, R"("environment":")", "\""),
            between(second.said, R"("environment":")", "\""));
  EXPECT_EQ(between(first.said, R"("bundle":")", "\""),
            between(second.said, R"("bundle":")", "\""));
}

TEST_F(GatewayProgram, RotatesAKeyFromAVariableAndTellsTheRevisionsAfterIt) {
  start();
  const std::vector<std::string> words = {"provider",     "update",         "main",      "--json",
                                          "--credential", "OPENAI_API_KEY", "--sandbox", "sb"};
  const Ran first = ask(words, {"OPENAI_API_KEY=sk-second"});
  const Ran second = ask(words, {"OPENAI_API_KEY=sk-third"});
  ASSERT_EQ(first.code, 0) << first.said;
  ASSERT_EQ(second.code, 0) << second.said;
  EXPECT_THAT(first.said, HasSubstr(R"({"code":"OK","result":{"name":"main")"));
  EXPECT_NE(between(first.said, R"("bundle":")", "\""),
            between(second.said, R"("bundle":")", "\""));
  EXPECT_EQ(between(first.said, R"("config":")", "\""),
            between(second.said, R"("config":")", "\""));
  EXPECT_EQ(between(first.said, R"("bundle":")", "\"").size(), 16U);
  EXPECT_THAT(first.said + second.said + text_of(folder_ + "/server"), Not(HasSubstr("sk-")));
}

TEST_F(GatewayProgram, RefusesAValueInArgv) {
  const Ran ran = run({"provider", "update", "main", "--credential", "K=sk-secret"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.said, Not(HasSubstr("sk-secret")));
}

TEST_F(GatewayProgram, KeepsAProviderInUseUnlessForced) {
  start();
  const Ran refused = ask({"provider", "delete", "main", "--json"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.said,
              HasSubstr(R"({"code":"FAILED_PRECONDITION","message":"provider 'main')"));
  const Ran said = ask({"provider", "delete", "main"});
  EXPECT_THAT(said.said, HasSubstr("FAILED_PRECONDITION: provider 'main' is in use by route"));
  const Ran forced = ask({"provider", "delete", "main", "--force", "--json", "--sandbox", "sb"});
  EXPECT_EQ(forced.code, 0) << forced.said;
  EXPECT_THAT(forced.said, HasSubstr(R"("bundle":"")"));
}

TEST_F(GatewayProgram, SetsAPolicyAndRefusesAnUnsoundOne) {
  start();
  const Ran set = ask({"policy", "set", write("new.yaml", "version: 1\nnetwork_policies: {}\n"),
                       "--sandbox", "sb", "--json"});
  EXPECT_EQ(set.code, 0) << set.said;
  EXPECT_THAT(set.said, HasSubstr(R"("version":1)"));
  const Ran wrong = ask({"policy", "set", write("wrong.yaml", "version: 9\n")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.said, HasSubstr("wrong.yaml:1:"));
  const Ran unregistered = ask({"policy", "set",
                                write("guard.yaml",
                                      "version: 1\nnetwork_middlewares: {g: {middleware: "
                                      "acme/x, endpoints: {include: [a.test]}}}\n")});
  EXPECT_EQ(unregistered.code, 1);
  EXPECT_THAT(unregistered.said, HasSubstr("not registered"));
}

TEST_F(GatewayProgram, SetsReadsAndDeletesTheRoute) {
  start();
  EXPECT_EQ(ask({"inference", "update", "--model", "m-2", "--timeout", "90s", "--no-verify"}).code,
            0);
  EXPECT_THAT(ask({"inference", "get"}).said,
              HasSubstr("inference.local  main      m-2    90s      2\n"));
  EXPECT_EQ(ask({"inference", "set", "--provider", "none", "--model", "m"}).code, 1);
  EXPECT_EQ(ask({"inference", "delete"}).code, 0);
  EXPECT_THAT(ask({"inference", "get"}).said, Not(HasSubstr("inference.local")));
}

TEST_F(GatewayProgram, TellsEachServedCall) {
  start();
  EXPECT_THAT(ask({"status"}).said, HasSubstr("healthy, version"));
  EXPECT_EQ(next(calls_.get()), "{\"rpc\":\"Health\",\"code\":\"OK\"}\n");
}

TEST_F(GatewayProgram, SaysWhenNoGatewayAnswers) {
  const Ran ran = run({"--gateway", "http://127.0.0.1:1", "status", "--json"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.said, HasSubstr(R"({"code":"UNAVAILABLE")"));
  EXPECT_EQ(run({"--gateway", "nonsense", "status"}).code, 2);
}

TEST_F(GatewayProgram, TakesNoProxyFromItsEnvironment) {
  start();
  const std::vector<std::string> proxies = {"http_proxy=http://127.0.0.1:1",
                                            "grpc_proxy=http://127.0.0.1:1"};
  EXPECT_EQ(ask({"status"}, proxies).code, 0);
}

TEST_F(GatewayProgram, EndsWithinASecondOfASigtermAndNotBySighup) {
  start();
  ASSERT_EQ(::kill(server_, SIGHUP), 0);
  EXPECT_EQ(ask({"status"}).code, 0);
  ASSERT_EQ(::kill(server_, SIGTERM), 0);
  EXPECT_EQ(wait(server_), 0);
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("SIGHUP: the token files are read again"));
}

TEST_F(GatewayProgram, StartsWithoutTheServicesThatItsPoliciesName) {
  start(registration(1), kGuarded);
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("acme/x"));
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("starting all the same"));
  // What it began with isn't what it takes.
  const Ran set = ask({"policy", "set", folder_ + "/policy.yaml"});
  EXPECT_EQ(set.code, 1) << set.said;
  EXPECT_THAT(set.said, HasSubstr("acme/x"));
}

TEST_F(GatewayProgram, EndsWhileACallWaitsForAServiceThatIsSilent) {
  base::UniqueFd service(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(service.get(), generic, size), 0);
  ASSERT_EQ(::listen(service.get(), 8), 0);
  ASSERT_EQ(::getsockname(service.get(), generic, &size), 0);
  start(registration(ntohs(address.sin_port)));
  const std::string policy = write("guard.yaml", kGuarded);
  pid_t client =
      spawn({"--gateway", "http://" + address_, "policy", "set", policy}, folder_ + "/client", {});
  ASSERT_TRUE(readable(service.get(), kPatienceMs));
  const auto before = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(server_, SIGTERM), 0);
  EXPECT_EQ(wait(server_), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(wait(client), 3);
}

TEST_F(GatewayProgram, ChecksAConfigurationAndSaysWhatIsWrong) {
  EXPECT_EQ(run({"serve", "--check", "--config", write("good.yaml", "{}\n")}).code, 0);
  const Ran wrong = run({"serve", "--check", "--config", write("wrong.yaml", "listn: x\n")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.said, HasSubstr("wrong.yaml:1:1"));
  EXPECT_EQ(run({"serve", "--config", "/nonexistent"}).code, 2);
}

}  // namespace
}  // namespace sallyport::app
