#include "reference/gateway/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/unique_fd.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CommandLine parse(std::vector<std::string> words) {
  std::vector<const char*> argv{"sallyport-gateway"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

TEST(GatewayCommandLine, ReadsTheServersFlags) {
  const auto line =
      parse({"serve", "--config", "c", "--ready-fd", "3", "--call-fd", "4", "--check"});
  ASSERT_TRUE(line.serve);
  EXPECT_EQ(line.serve->config, "c");
  EXPECT_EQ(line.serve->ready_fd, 3);
  EXPECT_EQ(line.serve->call_fd, 4);
  EXPECT_TRUE(line.serve->check);
  EXPECT_FALSE(line.serve->state);
  EXPECT_EQ(parse({"serve", "--config", "c", "--state", "s.db"}).serve->state, "s.db");
  EXPECT_EQ(parse({"serve"}).exit_code, 2);
}

TEST(GatewayCommandLine, TellsWithWhatTokenAndWhomItTrusts) {
  const auto line = parse({"--ca", "ca.pem", "--token-file", "op.token", "--insecure", "--gateway",
                           "https://g:1", "status"});
  ASSERT_TRUE(line.client) << line.output;
  EXPECT_EQ(line.client->ca_file, "ca.pem");
  EXPECT_EQ(line.client->token_file, "op.token");
  EXPECT_TRUE(line.client->insecure);
  EXPECT_FALSE(parse({"status"}).client->insecure);
}

TEST(GatewayCommandLine, TellsASandboxesNewTokenFromItsOwn) {
  const auto line = parse({"--token-file", "op.token", "sandbox", "create", "box", "--policy", "p",
                           "--provider", "a", "--provider", "b", "--token-file", "box.token"});
  ASSERT_TRUE(line.client) << line.output;
  EXPECT_EQ(line.client->verb, Verb::sandbox_create);
  EXPECT_EQ(line.client->name, "box");
  EXPECT_EQ(line.client->file, "p");
  EXPECT_THAT(line.client->providers, ElementsAre("a", "b"));
  EXPECT_EQ(line.client->token_file, "op.token");
  EXPECT_EQ(line.client->token_out, "box.token");
}

TEST(GatewayCommandLine, WantsAPlaceForATokenUnlessItIsRevoked) {
  const auto line = parse({"sandbox", "token", "box", "--token-file", "f", "--keep-previous"});
  ASSERT_TRUE(line.client) << line.output;
  EXPECT_EQ(line.client->verb, Verb::sandbox_token);
  EXPECT_TRUE(line.client->keep_previous);
  EXPECT_TRUE(parse({"sandbox", "token", "box", "--revoke"}).client->revoke);
  EXPECT_EQ(parse({"sandbox", "token", "box"}).exit_code, 2);
  EXPECT_EQ(parse({"sandbox", "token", "box", "--revoke", "--token-file", "f"}).exit_code, 2);
}

TEST(GatewayCommandLine, TakesItsOwnOptionsBeforeAndBehindTheCommand) {
  for (const auto& words : {std::vector<std::string>{"--json", "--sandbox", "sb", "status"},
                            std::vector<std::string>{"status", "--json", "--sandbox", "sb"}}) {
    const auto line = parse(words);
    ASSERT_TRUE(line.client) << line.output;
    EXPECT_EQ(line.client->verb, Verb::status);
    EXPECT_TRUE(line.client->json);
    EXPECT_EQ(line.client->sandbox, "sb");
    EXPECT_EQ(line.client->sandboxes, std::vector<std::string>{"sb"});
    EXPECT_EQ(line.client->gateway, "http://127.0.0.1:8090");
  }
}

TEST(GatewayCommandLine, ReadsEachCommand) {
  const auto verb = [](const std::vector<std::string>& words) {
    const auto line = parse(words);
    EXPECT_TRUE(line.client) << line.output;
    return line.client ? line.client->verb : Verb::status;
  };
  EXPECT_EQ(verb({"provider", "create", "p", "--type", "t", "--credential", "K"}),
            Verb::provider_create);
  EXPECT_EQ(verb({"provider", "update", "p"}), Verb::provider_update);
  EXPECT_EQ(verb({"provider", "get", "p"}), Verb::provider_get);
  EXPECT_EQ(verb({"provider", "list"}), Verb::provider_list);
  EXPECT_EQ(verb({"provider", "delete", "p", "--force"}), Verb::provider_delete);
  EXPECT_EQ(verb({"inference", "set", "--provider", "p", "--model", "m"}), Verb::inference_set);
  EXPECT_EQ(verb({"inference", "update", "--model", "m"}), Verb::inference_update);
  EXPECT_EQ(verb({"inference", "get"}), Verb::inference_get);
  EXPECT_EQ(verb({"inference", "delete"}), Verb::inference_delete);
  EXPECT_EQ(verb({"policy", "set", "f"}), Verb::policy_set);
  EXPECT_EQ(verb({"middleware", "set", "f"}), Verb::middleware_set);
  EXPECT_EQ(verb({"sandbox", "get", "s"}), Verb::sandbox_get);
  EXPECT_EQ(verb({"sandbox", "list"}), Verb::sandbox_list);
  EXPECT_EQ(verb({"sandbox", "create", "s"}), Verb::sandbox_create);
  EXPECT_EQ(verb({"sandbox", "delete", "s"}), Verb::sandbox_delete);
  EXPECT_EQ(verb({"sandbox", "attach", "s", "p"}), Verb::sandbox_attach);
  EXPECT_EQ(verb({"sandbox", "detach", "s", "p"}), Verb::sandbox_detach);
  EXPECT_EQ(verb({"sandbox", "status", "s"}), Verb::sandbox_status);
  EXPECT_EQ(verb({"token", "create", "f"}), Verb::token_create);
  EXPECT_EQ(parse({"sandbox", "attach", "s", "p"}).client->providers.size(), 1U);
  EXPECT_EQ(parse({"sandbox", "attach", "s"}).exit_code, 2);
  EXPECT_EQ(parse({"sandbox", "attach", "s", "p", "q"}).exit_code, 2);
  EXPECT_EQ(parse({"sandbox", "create"}).exit_code, 2);
}

TEST(GatewayCommandLine, TellsTheRoutesTimeoutFromItsOwn) {
  const auto line = parse({"--timeout", "3s", "inference", "set", "--provider", "p", "--model", "m",
                           "--timeout", "5min"});
  ASSERT_TRUE(line.client) << line.output;
  EXPECT_EQ(line.client->timeout, std::chrono::seconds(3));
  EXPECT_EQ(line.client->route_timeout_s, 300U);
  EXPECT_EQ(parse({"inference", "update", "--timeout", "60"}).client->route_timeout_s, 60U);
  for (const char* wrong : {"1500ms", "soon", "-1"}) {
    EXPECT_EQ(parse({"inference", "update", "--timeout", wrong}).exit_code, 2) << wrong;
  }
  EXPECT_EQ(parse({"status", "--timeout", "0s"}).exit_code, 2);
}

TEST(GatewayCommandLine, RefusesACredentialsValueAndDoesNotRepeatIt) {
  for (const char* verb : {"create", "update"}) {
    const auto line =
        parse({"provider", verb, "p", "--type", "openai", "--credential", "K=sk-secret"});
    EXPECT_FALSE(line.client);
    EXPECT_EQ(line.exit_code, 2);
    EXPECT_THAT(line.output, Not(HasSubstr("sk-secret")));
  }
  const auto line = parse({"provider", "update", "p", "--credential", "K=sk-secret"});
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_THAT(line.output, HasSubstr("--credential-file"));
  EXPECT_THAT(line.output, Not(HasSubstr("sk-secret")));
}

TEST(GatewayCommandLine, NeedsPairsWherePairsBelong) {
  EXPECT_EQ(parse({"provider", "update", "p", "--credential-file", "path"}).exit_code, 2);
  EXPECT_EQ(parse({"provider", "update", "p", "--config", "=v"}).exit_code, 2);
  const auto line = parse({"provider", "update", "p", "--credential-file", "K=a=b"});
  ASSERT_TRUE(line.client) << line.output;
  EXPECT_THAT(line.client->credential_files, ElementsAre("K=a=b"));
}

TEST(GatewayCommandLine, RefusesAnUpdateOfNothingAndNoCommandAtAll) {
  EXPECT_EQ(parse({"inference", "update"}).exit_code, 2);
  EXPECT_EQ(parse({}).exit_code, 2);
  EXPECT_EQ(parse({"provider"}).exit_code, 2);
  EXPECT_EQ(parse({"bogus"}).exit_code, 2);
}

TEST(GatewayCommandLine, HelpsWithExamples) {
  const auto line = parse({"--help"});
  EXPECT_EQ(line.exit_code, 0);
  EXPECT_THAT(line.output, HasSubstr("Examples:"));
  EXPECT_THAT(line.output, HasSubstr("SALLYPORT_GATEWAY"));
  EXPECT_THAT(line.output, HasSubstr("SALLYPORT_GATEWAY_CA"));
  EXPECT_THAT(line.output, HasSubstr("SALLYPORT_GATEWAY_TOKEN_FILE"));
}

TEST(GatewayCommandLine, HelpsWithAnExampleOfEachVerb) {
  const std::vector<std::vector<std::string>> verbs = {
      {"provider", "create"},  {"provider", "update"}, {"provider", "get"},
      {"provider", "list"},    {"provider", "delete"}, {"inference", "set"},
      {"inference", "update"}, {"inference", "get"},   {"inference", "delete"},
      {"sandbox", "create"},   {"sandbox", "get"},     {"sandbox", "list"},
      {"sandbox", "delete"},   {"sandbox", "attach"},  {"sandbox", "detach"},
      {"sandbox", "status"},   {"sandbox", "token"},   {"policy", "set"},
      {"middleware", "set"},   {"token", "create"},    {"status"}};
  for (std::vector<std::string> words : verbs) {
    const std::string said = "sallyport-gateway " + words.front() +
                             (words.size() > 1 ? " " + words.back() : std::string());
    words.emplace_back("--help");
    const auto line = parse(words);
    EXPECT_EQ(line.exit_code, 0) << said;
    EXPECT_THAT(line.output, HasSubstr("Example:\n  " + said));
  }
}

TEST(GatewayCommandLine, ChecksItsDescriptors) {
  EXPECT_TRUE(check_descriptors(ServeFlags{}).empty());
  const base::UniqueFd reading(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ServeFlags flags;
  flags.ready_fd = reading.get();
  flags.call_fd = 1 << 19;
  EXPECT_EQ(check_descriptors(flags).size(), 2U);
}

}  // namespace
}  // namespace sallyport::gateway
